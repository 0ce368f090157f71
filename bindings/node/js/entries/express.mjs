export { chatIdentityRoute, User } from './express.cjs';
