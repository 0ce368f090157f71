// The Corner Shop: a log-in, a session, and GET /api/chat-identity, which signs a visitor id for
// a customer who is logged in, and for nobody else.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import { fileURLToPath } from 'node:url';
import bcrypt from 'bcryptjs';
import express from 'express';
import session from 'express-session';

const PAGE = fileURLToPath(new URL('../page', import.meta.url));
const ACCOUNTS = JSON.parse(readFileSync(new URL('../accounts.json', import.meta.url), 'utf8'));

export function shop({ key, organizationKey, identityServerUrl, browserClient }) {
  const app = express();
  app.disable('x-powered-by');

  app.use((_req, res, next) => {
    res.set({
      'Content-Security-Policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
        `connect-src 'self' ${new URL(identityServerUrl).origin}; ` +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'X-Content-Type-Options': 'nosniff',
    });
    next();
  });
  app.use('/api', (_req, res, next) => {
    res.set('Cache-Control', 'no-store');
    next();
  });

  app.use(express.static(PAGE));
  app.get('/identity-hmac-browser.js', (_req, res) => {
    res.sendFile(browserClient, { dotfiles: 'allow' });
  });

  app.use(
    session({
      name: 'session',
      secret: randomBytes(32).toString('hex'), // Sessions in memory do not outlive it either.
      resave: false,
      saveUninitialized: false,
      cookie: { httpOnly: true, sameSite: 'lax' }, // Behind HTTPS also `secure: true`.
    }),
  );

  app.get('/api/config', (_req, res) => {
    res.json({ organizationKey, identityServerUrl });
  });

  // express.json() takes nothing but application/json, and a page of another origin cannot send
  // that without a preflight, which nothing here allows: it cannot log its reader in.
  app.post('/api/login', express.json(), async (req, res, next) => {
    const { email, password } = req.body ?? {};
    if (typeof email !== 'string' || typeof password !== 'string') {
      return problem(res, 400, 'send JSON with the texts email and password');
    }
    const account = ACCOUNTS.find(({ user }) => user.email === email);
    // An unknown email takes as long as a wrong password: time does not tell who has an account.
    const matches = await bcrypt.compare(password, (account ?? ACCOUNTS[0]).passwordHash);
    if (!account || !matches) return problem(res, 401, 'the email or the password is wrong');

    // A new session id: one that somebody planted before the log-in is worth nothing after it.
    req.session.regenerate((error) => {
      if (error) return next(error);
      req.session.userId = account.user.id;
      res.json(account.user);
    });
  });

  app.post('/api/logout', (req, res, next) => {
    req.session.destroy((error) => (error ? next(error) : res.status(204).end()));
  });

  app.get('/api/me', requireUser, (req, res) => {
    res.json(req.user);
  });

  app.get('/api/chat-identity', requireUser, (req, res) => {
    const { visitorId } = req.query; // An array if it was sent more than once.
    if (typeof visitorId !== 'string' || visitorId === '') {
      return problem(res, 400, 'send one visitorId');
    }
    res.json({ hmac: key.sign(visitorId) });
  });

  app.use((error, _req, res, _next) => {
    if (error.status < 500) return problem(res, error.status, 'the request is malformed');
    console.error(error);
    problem(res, 500, 'the log says why');
  });

  return app;
}

function requireUser(req, res, next) {
  req.user = ACCOUNTS.find(({ user }) => user.id === req.session.userId)?.user;
  if (!req.user) return problem(res, 401, 'log in first');
  next();
}

/** Answers with a problem document (RFC 9457). */
function problem(res, status, detail) {
  res.status(status).type('application/problem+json');
  res.json({ title: STATUS_CODES[status], status, detail });
}
