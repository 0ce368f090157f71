export { chatIdentityRoute, User } from './fastify.cjs';
