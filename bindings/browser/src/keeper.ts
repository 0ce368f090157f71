// When the page's identityProvider is asked.

import type { IdentityRequest } from './api.js';
import type { IdentityError } from './error.js';
import { isTransient } from './request.js';
import type { Session } from './session.js';
import { during, pause } from './signals.js';

const ATTEMPTS = 6;
/** Doubles with every attempt: the last one is half an hour after the first. */
const BACKOFF_MS = 30_000;
/** Timers stand still while the computer sleeps, so none is set for longer. */
const LONGEST_NAP_MS = 60_000;

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
  tell: (error: IdentityError | null) => void,
): Promise<void> {
  let reason: IdentityRequest['reason'] = 'start';
  let session = current();
  let known = session?.notes.due;
  let failures = 0;
  /** When to ask again after a failure. */
  let next = 0;
  let isTold = false;
  const startOver = (because: IdentityRequest['reason']) => {
    reason = because;
    failures = next = 0;
    isTold = false;
  };
  for (let found = session; found; found = current()) {
    if (found !== session) {
      // One without a visitor could not be made, and is no other visitor now.
      if (session?.visitor) {
        startOver('new_visitor');
        known = undefined;
      }
      session = found;
    }
    const { due } = session.notes;
    if (due !== known) {
      // Verified: here, by another page, or by a call of `identify()`.
      startOver('refresh');
      known = due;
    }
    const isDue = reason === 'start' || !due || due <= Date.now();
    if (isDue && next <= Date.now()) {
      if (reason === 'refresh' && !isVerified(session)) {
        reason = 'expired';
      }
      const error: IdentityError | null = await ask(reason).then(
        () => null,
        (error) => error,
      );
      found = current();
      if (found !== session && (!found || session.visitor)) {
        continue;
      }
      session = found;
      const isRefused = error && !isTransient(error);
      if (error && !isRefused && failures < ATTEMPTS) {
        const wait = BACKOFF_MS * 2 ** failures++;
        next = Date.now() + Math.max(wait, 1000 * (error.retryAfter ?? 0));
      } else {
        reason = 'refresh';
        next = (isVerified(session) && session.notes.ends) || Number.POSITIVE_INFINITY;
      }
      const isLost = session.notes.ends || (error && next === Number.POSITIVE_INFINITY);
      if (isRefused || (isLost && !isVerified(session) && !isTold)) {
        isTold = true;
        tell(error);
      }
      continue;
    }
    const wait = Math.min((next || due || 0) - Date.now(), LONGEST_NAP_MS);
    await during([session.signal], (signal) => pause(wait, signal)).catch(() => {});
  }
}

function isVerified({ notes }: Session): boolean {
  return (notes.ends ?? 0) > Date.now();
}
