// When the page's identityProvider is asked.

import type { IdentityRequest } from './api.js';
import type { IdentityError } from './error.js';
import { isTransient } from './request.js';
import { notesOf, type Session } from './session.js';
import { pause } from './signals.js';

const ATTEMPTS = 6;
/** Doubles with every attempt: the last one is half an hour after the first. */
const BACKOFF_MS = 30_000;
/** Timers stand still while the computer sleeps, so none is set for longer. */
const LONGEST_NAP_MS = 60_000;
const NEVER = 1 / 0;

/**
 * Has the visitor verified: now, before its time is over, when it is, and when there is a new visitor.
 *
 * @param current the session to keep; `undefined` once there is nothing to keep any more
 * @param ask rejects if the visitor could not be verified
 * @param tell is called when a token is refused, and when the visitor is not verified any more
 */
export async function keepVerified(
  current: () => Session | undefined,
  ask: (reason: IdentityRequest['reason']) => Promise<unknown>,
  tell: (error: IdentityError | undefined) => void,
): Promise<void> {
  let reason: IdentityRequest['reason'] = 'start';
  let session = current();
  let known = (session && notesOf(session).due) ?? 0;
  let failures = 0;
  /** When to ask. */
  let next = 0;
  let isTold = false;
  const startOver = (because: IdentityRequest['reason'], due: number) => {
    reason = because;
    known = next = due;
    failures = 0;
    isTold = false;
  };
  for (let found = session; found; found = current()) {
    if (found !== session) {
      // One without a visitor could not be made, and is no other visitor now.
      if (session?.visitor.visitorId) {
        startOver('new_visitor', 0);
      }
      session = found;
    }
    let { due = 0, ends = 0 } = notesOf(session);
    if (due !== known) {
      // Verified: here, by another page, or by a call of `identify()`.
      startOver('refresh', due);
    }
    if (next > Date.now()) {
      await pause(Math.min(next - Date.now(), LONGEST_NAP_MS), session.signal);
      continue;
    }
    if (reason === 'refresh' && ends < Date.now()) {
      reason = 'expired';
    }
    const error: IdentityError | undefined = await ask(reason).then(
      () => undefined,
      (error) => error,
    );
    found = current();
    if (found !== session && (!found || session.visitor.visitorId)) {
      continue;
    }
    session = found;
    ({ ends = 0 } = notesOf(session));
    const isVerified = ends > Date.now();
    const isRefused = error && !isTransient(error);
    if (error && !isRefused && failures < ATTEMPTS) {
      const wait = BACKOFF_MS * 2 ** failures++;
      next = Date.now() + Math.max(wait, 1000 * (error.retryAfter ?? 0));
    } else {
      reason = 'refresh';
      next = isVerified ? ends : NEVER;
    }
    const isLost = ends || (error && next === NEVER);
    if (isRefused || (isLost && !isVerified && !isTold)) {
      isTold = true;
      tell(error);
    }
  }
}
