export { chatIdentityRoute, User } from './route.cjs';
