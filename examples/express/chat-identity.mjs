// GET /api/chat-identity?visitorId=…: signs a visitor id for a customer who is logged in.

import { chatIdentityRoute, User } from 'identity-hmac/express';
import { currentUser } from './accounts.mjs';

export function chatIdentity(key) {
  const authenticate = (req) => {
    const user = currentUser(req);
    return user && new User(user.id, { name: user.name, email: user.email });
  };
  return chatIdentityRoute({ key, authenticate });
}
