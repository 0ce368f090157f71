// The Corner Shop: its page, a log-in, and a session. What it signs is in chat-identity.mjs.

import { fileURLToPath } from 'node:url';
import express from 'express';
import { authenticate, requireUser } from './accounts.mjs';
import { chatIdentity } from './chat-identity.mjs';
import { problem } from './problem.mjs';
import { endSession, sessions } from './sessions.mjs';

const PAGE = fileURLToPath(new URL('../page', import.meta.url));
/** What Express does not say by itself. */
const METHODS = {
  '/config': 'GET, HEAD',
  '/login': 'POST',
  '/logout': 'POST',
  '/me': 'GET, HEAD',
};

export function shop({ keys, config, browserClient, session }) {
  const app = express();
  app.disable('x-powered-by');
  app.enable('case sensitive routing');
  app.enable('strict routing');

  const contacts = [config.identityServerUrl, config.demoSwitchUrl].filter(Boolean);
  const origins = contacts.map((url) => ` ${new URL(url).origin}`).join('');
  app.use((_req, res, next) => {
    res.set({
      'Content-Security-Policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
        `connect-src 'self'${origins}; ` +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'X-Content-Type-Options': 'nosniff',
    });
    next();
  });

  app.use(express.static(PAGE));
  app.get('/identity-hmac-browser.js', (_req, res) => {
    res.sendFile(browserClient, { dotfiles: 'allow' });
  });
  app.use('/api', api(keys, config, session));

  app.use((_req, res) => problem(res, 404, 'there is nothing here'));
  app.use((error, _req, res, _next) => {
    if (error.status < 500) return problem(res, error.status, 'the request is malformed');
    console.error(error);
    problem(res, 500, 'the log says why');
  });
  return app;
}

function api(keys, config, session) {
  const api = express.Router({ caseSensitive: true, strict: true });
  api.use((_req, res, next) => {
    res.set('Cache-Control', 'no-store');
    next();
  });
  api.use(sessions(session));

  api.get('/config', (_req, res) => {
    res.json(config);
  });

  // express.json() takes only application/json. A page of another origin cannot send that without a
  // preflight, and nothing here answers one. So no such page can log its reader in.
  api.post('/login', express.json({ limit: '16kb' }), async (req, res, next) => {
    const { email, password } = req.body ?? {};
    if (typeof email !== 'string' || typeof password !== 'string') {
      return problem(res, 400, 'send JSON with the texts email and password');
    }
    const user = await authenticate(email, password);
    if (!user) return problem(res, 401, 'the email or the password is wrong');

    // A new session id: one that somebody planted before the log-in is worth nothing after it.
    req.session.regenerate((error) => {
      if (error) return next(error);
      req.session.userId = user.id;
      res.json(user);
    });
  });

  api.post('/logout', (req, res, next) => {
    endSession(req, res, (error) => (error ? next(error) : res.status(204).end()));
  });

  api.get('/me', requireUser, (req, res) => {
    res.json(req.user);
  });

  api.all('/chat-token', chatIdentity(keys.token));
  api.all('/chat-identity', chatIdentity(keys.hmac));

  for (const [path, methods] of Object.entries(METHODS)) {
    api.all(path, (_req, res) => {
      problem(res.set('Allow', methods), 405, 'the method is not allowed here');
    });
  }
  return api;
}
