// The page's api object. At any time it speaks for one visitor: the current session's.
//
// Every call reads storage, and none relies on an event. A page that was frozen, or comes out of the
// back-forward cache, has missed events, and must not speak for a visitor that was reset.

import type {
  CallOptions,
  Conversation,
  IdentifyParams,
  IdentityRequest,
  IdentityResult,
  InitOptions,
  SdkApi,
  SdkEvents,
} from './api.js';
import { type Claim, readClaim } from './claim.js';
import { IdentityError, isFunction, requireThat } from './error.js';
import { keepVerified } from './keeper.js';
import { runAlone } from './lock.js';
import { type Organization, readOptions } from './organization.js';
import { request } from './request.js';
import { isMoved, note, notesOf, type Session, startSession } from './session.js';
import { during } from './signals.js';
import { type Visitor, writeVisitor } from './visitor.js';

/** At which part of a verified session it is refreshed. */
const REFRESH_AT = 0.8;

let current: Session | undefined;
/** The conversation that the page knows: the same object as long as nothing changes. */
let told: Conversation | null = null;
/** Until shutdown(). */
let life = new AbortController();
/** What tells the keeper of the page's `identityProvider` from one before. */
let keeper: object | undefined;
/** Calls the subscribers. The browser reports a listener that throws to the page. */
const changes = new EventTarget();

export const api: SdkApi = Object.freeze({
  init,
  identify,
  getConversation,
  getIdentity,
  subscribe,
  on,
  reset,
  shutdown,
});

function init(options: InitOptions): Promise<Conversation> {
  return alive(options, () => {
    const organization = readOptions(options);
    look();
    if (current?.storageKey !== organization.storageKey || current.hasFailed) {
      begin(organization);
    } else {
      Object.assign(current, organization);
    }
    if (!organization.identityProvider) {
      keeper = undefined;
    } else if (!keeper) {
      const mine = {};
      keeper = mine;
      keepVerified(
        () => (keeper === mine ? current : undefined),
        ask,
        (error) => fire('identityexpired', error),
      );
    }
    return settled();
  });
}

function identify(params: IdentifyParams, options?: CallOptions): Promise<IdentityResult> {
  return alive(options, (signal) => {
    const { identityProvider } = initialized();
    return say(readClaim(params, identityProvider), signal);
  });
}

function getConversation(): Conversation | null {
  look();
  return tell();
}

function getIdentity(options?: CallOptions): Promise<IdentityResult | null> {
  return alive(options, (signal) => exchange(usable(), signal));
}

function subscribe(listener: (conversation: Conversation | null) => void): () => void {
  return on('visitorchanged', listener);
}

function on<T extends keyof SdkEvents>(
  type: T,
  listener: (detail: SdkEvents[T]) => void,
): () => void {
  requireThat(isFunction(listener), 'listener', 'a function');
  if (!isBrowser()) {
    return () => {};
  }
  getConversation();
  const subscription = new AbortController();
  const { signal } = subscription;
  changes.addEventListener(type, (event) => listener((event as CustomEvent).detail), { signal });
  addEventListener('storage', look, { signal });
  addEventListener('pageshow', look, { signal });
  const end = () => subscription.abort();
  life.signal.addEventListener('abort', end);
  return end;
}

function reset(options?: CallOptions): Promise<Conversation> {
  return alive(options, () => {
    renew();
    return settled();
  });
}

function shutdown(): void {
  const reason = new IdentityError('shut_down', 'The chat was shut down');
  life.abort(reason);
  life = new AbortController();
  current?.end(reason);
  current = keeper = undefined;
  told = null;
}

/** A server has many users, and what this module holds would be the same for all of them. */
function isBrowser(): boolean {
  return typeof document !== 'undefined';
}

function initialized(): Session {
  if (!current) {
    throw new IdentityError('not_initialized', 'SDK not initialized: call init() first');
  }
  return current;
}

/** The current session. If its start has failed, it starts again. */
function usable(): Session {
  const session = initialized();
  return session.hasFailed ? begin(session) : session;
}

/** Runs a call until it is done, or the caller's signal or shutdown() ends it. */
async function alive<T>(
  options: CallOptions | undefined,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (!isBrowser()) {
    throw new IdentityError('not_in_browser', 'Not in a browser: call this in an effect');
  }
  const signal = options?.signal ?? life.signal;
  requireThat(isFunction(signal.throwIfAborted), 'signal', 'an AbortSignal');
  signal.throwIfAborted();
  return during([signal, life.signal], task);
}

/** Changes to the visitor in storage, or to a new one. */
function begin(organization: Organization, isNew = false): Session {
  current?.end(
    new IdentityError(
      'visitor_changed',
      'The visitor has changed: call again, with an hmac for the new one',
    ),
  );
  const session = startSession(organization, isNew);
  current = session;
  session.start.then(tell, () => {});
  tell();
  return session;
}

/** Forgets the visitor, and makes a new one. */
function renew(): void {
  const session = initialized();
  // At once, so that no later call resumes this visitor.
  writeVisitor(session.storageKey);
  begin(session, true);
}

/** Notices what other pages have done to the visitor. */
function look(): void {
  if (current && isMoved(current)) {
    begin(current);
  }
}

/** The current conversation. Calls the subscribers if it has changed. */
function tell(): Conversation | null {
  const visitorId = current?.visitor.visitorId;
  if (visitorId !== told?.visitorId) {
    told = visitorId ? { visitorId } : null;
    fire('visitorchanged', told);
  }
  return told;
}

function fire<T extends keyof SdkEvents>(type: T, detail: SdkEvents[T] | undefined): void {
  // Later, since nobody expects a callback during their own call.
  queueMicrotask(() => changes.dispatchEvent(new CustomEvent(type, { detail })));
}

/** Has the visitor verified by `identityProvider`, unless another page has done so. */
function ask(reason: IdentityRequest['reason']): Promise<unknown> {
  const { identityProvider } = initialized();
  return say(readClaim({}, identityProvider, reason), life.signal);
}

/** The conversation of the session that is current in the end. */
async function settled(): Promise<Conversation> {
  for (;;) {
    const session = initialized();
    try {
      await session.start;
      if (session === current) {
        return tell() as Conversation;
      }
    } catch (error) {
      if (session === current) {
        throw error;
      }
    }
  }
}

/** Rejects as the calls for a session that has ended, once there is a new visitor, if there is one. */
async function leave({ signal }: Session): Promise<never> {
  await settled().catch(() => {});
  throw signal.reason;
}

/** Sends the claim. With `onUserChange: 'reset'`, another user than the last gets a new visitor. */
async function say(claim: Claim, signal: AbortSignal): Promise<IdentityResult> {
  const session = usable();
  const { user } = claim;
  const before = notesOf(session).user;
  const isOther = user && before !== undefined && before !== user;
  if (isOther && session.onUserChange === 'reset' && !isMoved(session)) {
    renew();
    return claim.isSigned ? leave(session) : say(claim, signal);
  }
  if (user) {
    // Before it is sent, since the page may be gone when the answer comes. 0: either user.
    note(session, { user: isOther ? 0 : user });
  }
  try {
    const identity = await exchange(session, signal, claim);
    if (user) {
      note(session, { user });
    }
    return identity as IdentityResult;
  } catch (error) {
    if (/^(hmac|token|identity|invalid_req)/.test((error as IdentityError).code)) {
      note(session, { user: before });
    }
    // Not after a reset: the new visitor may be another person.
    if (claim.fetches && !claim.reason && session.successor && session.successor === current) {
      claim.reason = 'new_visitor';
      return say(claim, signal);
    }
    throw error;
  }
}

/**
 * Sends the claim, or asks for the identity, for the session's visitor only, after the calls before it
 * have come to an end, good or bad. `null` if there is no identity, or nothing to send.
 */
function exchange(
  session: Session,
  signal: AbortSignal,
  claim?: Claim,
): Promise<IdentityResult | null> {
  const { storageKey, timeout, signal: ended } = session;
  const send = async (signal: AbortSignal) => {
    const check = () => {
      look();
      signal.throwIfAborted();
    };
    await session.start;
    check();
    const { due = 0 } = notesOf(session);
    if (claim?.isKeeping && claim.reason !== 'start' && due > Date.now()) {
      return null;
    }
    const { visitorId, visitorToken } = session.visitor as Visitor;
    const body = await claim?.bodyFor(visitorId, timeout, signal);
    check();
    if (body === null) {
      return null;
    }
    const identity = await request<IdentityResult | null>(
      session,
      body ? 'identify' : 'identity',
      { Authorization: `Bearer ${visitorToken}` },
      body,
      (identity, status) => identity || (!body && status === 204),
      signal,
    );
    look();
    const { verification } = identity ?? {};
    if (verification && body?.token) {
      // By the service's clock, since this machine's may be wrong.
      const life = Date.parse(verification.verifiedUntil) - Date.parse(verification.verifiedAt);
      const now = Date.now();
      note(session, { due: now + life * REFRESH_AT, ends: now + life });
    }
    return identity;
  };
  // Pages take turns at identityProvider, and use what the one before has got.
  const task = (signal: AbortSignal) =>
    claim?.fetches === 'token'
      ? runAlone(`${storageKey} token`, signal, () => send(signal))
      : send(signal);
  const result = session.lastCall
    .then(() => during([ended, signal], task))
    .catch(async (error) => {
      look();
      if (!ended.aborted) {
        // visitor_belongs_to_another_user
        const isTaken =
          /^visitor_b/.test(error.code) &&
          session.onUserChange !== 'error' &&
          claim?.reason !== 'new_visitor';
        if (!isTaken && !/^invalid_v/.test(error.code)) {
          throw error;
        }
        writeVisitor(storageKey);
        session.successor = begin(session);
      }
      return leave(session);
    });
  session.lastCall = result.catch(() => {});
  return result;
}
