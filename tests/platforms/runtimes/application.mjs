// A backend with the guarded route, on nothing but what every runtime of JavaScript on servers has.

import { Hono } from 'hono';
import { getSignedCookie, setSignedCookie } from 'hono/cookie';

const SECRET = 'a secret of your own';
const USERS = { user_123: { name: 'Jane Doe', email: 'jane@example.com' } };

/** @param route is the module with the route: `identity-hmac/route` or `identity-hmac/webcrypto` */
export function makeApplication({ chatIdentityRoute, User }, key) {
  const app = new Hono();
  app.post('/login', async (c) => {
    await setSignedCookie(c, 'user', 'user_123', SECRET, { httpOnly: true, sameSite: 'Lax' });
    return c.body(null, 204);
  });
  const chatIdentity = chatIdentityRoute({
    key,
    authenticate: async (_request, c) => {
      const userId = await getSignedCookie(c, SECRET, 'user');
      return userId ? new User(userId, USERS[userId]) : null;
    },
  });
  app.all('/api/chat-identity', (c) => chatIdentity(c.req.raw, c));
  return app;
}
