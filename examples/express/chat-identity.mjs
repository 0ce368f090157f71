// What the shop signs for a customer who is logged in, and for nobody else:
//
//     GET /api/chat-token?visitorId=…     {token}: who the customer is
//     GET /api/chat-identity?visitorId=…  {hmac}: the visitor id alone

import { chatIdentityRoute, User } from 'identity-hmac/express';
import { currentUser } from './accounts.mjs';

/** The route that signs: a token with an `IdentityTokenKey`, an hmac with an `IdentityKey`. */
export function chatIdentity(key) {
  return chatIdentityRoute({ key, authenticate });
}

/** Everything that a token says comes from the session. The page has no word in it. */
function authenticate(req) {
  const user = currentUser(req);
  if (!user) return undefined;
  const { id, name, email, plan, signupDate } = user;
  return new User(id, { name, email, metadata: { plan, signupDate } });
}
