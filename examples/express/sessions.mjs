// The sessions, on the server, where a log-out can end them. A session also ends when nobody has used
// it for a while, and after a working day. If there are too many, the least recently used one ends.

import { randomBytes } from 'node:crypto';
import session from 'express-session';
import { LRUCache } from 'lru-cache';

export function sessions({ idleSeconds, lifetimeSeconds, limit }) {
  return session({
    name: 'session',
    secret: randomBytes(32).toString('hex'), // Sessions in memory do not outlive it either.
    resave: false,
    saveUninitialized: false, // Without a login there is no session.
    cookie: COOKIE,
    store: new Sessions(idleSeconds * 1000, lifetimeSeconds * 1000, limit),
  });
}

const COOKIE = { httpOnly: true, sameSite: 'lax' }; // Behind HTTPS also `secure: true`.

/** Ends the session, here and in the browser. */
export function endSession(req, res, done) {
  res.clearCookie('session', COOKIE);
  req.session.destroy(done);
}

class Sessions extends session.Store {
  #sessions;
  #lifetime;

  constructor(idle, lifetime, limit) {
    super();
    this.#sessions = new LRUCache({ max: limit, ttl: idle, updateAgeOnGet: true });
    this.#lifetime = lifetime;
  }

  get(id, done) {
    const stored = this.#sessions.get(id);
    const lives = stored && performance.now() < stored.ends;
    done(null, lives ? JSON.parse(stored.json) : null);
  }

  /** Called at log-in alone, since nothing else changes a session. */
  set(id, data, done) {
    const ends = performance.now() + this.#lifetime;
    this.#sessions.set(id, { json: JSON.stringify(data), ends });
    done(null);
  }

  destroy(id, done) {
    this.#sessions.delete(id);
    done(null);
  }
}
