import { load } from './load.mjs';

export const { chatIdentityRoute, User } = load('/fastify');
