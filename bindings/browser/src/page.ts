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
import { IdentityError, invalid } from './error.js';
import { keepVerified } from './keeper.js';
import { runAlone } from './lock.js';
import { networkError } from './network.js';
import { type Organization, readOptions } from './organization.js';
import { request } from './request.js';
import { Session } from './session.js';
import { during } from './signals.js';
import { removeVisitor } from './visitor.js';

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

async function init(options: InitOptions): Promise<Conversation> {
  requireBrowser();
  const organization = readOptions(options);
  const signal = readSignal(options);
  look();
  if (current?.organization.storageKey !== organization.storageKey || current.failed) {
    begin(organization);
  } else {
    current.organization = organization;
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
  return alive(signal, settled);
}

async function identify(params: IdentifyParams, options?: CallOptions): Promise<IdentityResult> {
  const { identityProvider } = initialized().organization;
  const claim = readClaim(params, identityProvider);
  const signal = readSignal(options);
  return alive(signal, (signal) => say(claim, signal));
}

function getConversation(): Conversation | null {
  look();
  return tell();
}

async function getIdentity(options?: CallOptions): Promise<IdentityResult | null> {
  initialized();
  const signal = readSignal(options);
  const session = usable();
  return alive(signal, (signal) => session.inTurn(() => exchange(session, signal)));
}

function subscribe(listener: (conversation: Conversation | null) => void): () => void {
  return on('visitorchanged', listener);
}

function on<T extends keyof SdkEvents>(
  type: T,
  listener: (detail: SdkEvents[T]) => void,
): () => void {
  if (typeof listener !== 'function') {
    throw invalid('listener', 'listener must be a function');
  }
  if (!isBrowser()) {
    return () => {};
  }
  getConversation();
  const subscription = new AbortController();
  const { signal } = subscription;
  changes.addEventListener(type, (event) => listener((event as CustomEvent).detail), { signal });
  // Without a key, all of storage was cleared.
  const onStorage = ({ key }: StorageEvent) => {
    if (key === null || key === current?.organization.storageKey) {
      look();
    }
  };
  addEventListener('storage', onStorage, { signal });
  addEventListener('pageshow', () => look(), { signal });
  const end = () => subscription.abort();
  life.signal.addEventListener('abort', end);
  return end;
}

async function reset(options?: CallOptions): Promise<Conversation> {
  initialized();
  const signal = readSignal(options);
  renew();
  return alive(signal, settled);
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

function requireBrowser(): void {
  if (!isBrowser()) {
    throw new IdentityError('not_in_browser', 'Not in a browser: call this in an effect');
  }
}

function initialized(): Session {
  requireBrowser();
  if (!current) {
    throw new IdentityError('not_initialized', 'SDK not initialized: call init() first');
  }
  return current;
}

/** The current session. If its start has failed, it starts again. */
function usable(): Session {
  const session = initialized();
  return session.failed ? begin(session.organization) : session;
}

/** The caller's signal, if there is one. Throws if it is aborted already. */
function readSignal(options: CallOptions | undefined): AbortSignal | undefined {
  const signal = options?.signal ?? undefined;
  if (signal && typeof signal.throwIfAborted !== 'function') {
    throw invalid('signal', 'signal must be an AbortSignal');
  }
  signal?.throwIfAborted();
  return signal;
}

/** Runs a call until it is done, or its signal or shutdown() ends it. */
function alive<T>(
  signal: AbortSignal | undefined,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return during([signal, life.signal], task);
}

/** Changes to the visitor in storage, or to a new one. */
function begin(organization: Organization, isNew = false): Session {
  current?.end(changed());
  const session = new Session(organization, isNew);
  current = session;
  session.ready.then(tell, () => {});
  tell();
  return session;
}

/** Forgets the visitor, and makes a new one. */
function renew(): void {
  const { organization } = initialized();
  // At once, so that no later call resumes this visitor.
  removeVisitor(organization.storageKey);
  begin(organization, true);
}

function changed(): IdentityError {
  return new IdentityError(
    'visitor_changed',
    'The visitor has changed: fetch an hmac for the new visitor id, and call again',
  );
}

/** Notices what other pages have done to the visitor. */
function look(): void {
  if (current?.moved) {
    begin(current.organization);
  }
}

/** The current conversation. Calls the subscribers if it has changed. */
function tell(): Conversation | null {
  const visitorId = current?.visitor?.visitorId;
  if (visitorId !== told?.visitorId) {
    told = visitorId === undefined ? null : { visitorId };
    fire('visitorchanged', told);
  }
  return told;
}

function fire<T extends keyof SdkEvents>(type: T, detail: SdkEvents[T]): void {
  // Later, since nobody expects a callback during their own call.
  queueMicrotask(() => changes.dispatchEvent(new CustomEvent(type, { detail })));
}

/** Has the visitor verified by `identityProvider`, unless another page has done so. */
function ask(reason: IdentityRequest['reason']): Promise<unknown> {
  const { identityProvider } = initialized().organization;
  return say(readClaim({}, identityProvider, reason), life.signal);
}

/** The conversation of the session that is current in the end. */
async function settled(): Promise<Conversation> {
  for (;;) {
    const session = initialized();
    try {
      const { visitorId } = await session.ready;
      if (session === current) {
        return { visitorId };
      }
    } catch (error) {
      if (session === current) {
        throw error;
      }
    }
  }
}

/** Sends the claim. With `onUserChange: 'reset'`, another user than the last gets a new visitor. */
async function say(claim: Claim, signal: AbortSignal): Promise<IdentityResult> {
  const session = usable();
  const { user } = claim;
  const before = session.notes.user;
  const isOther = user && before !== undefined && before !== user;
  if (isOther && session.organization.onUserChange === 'reset' && !session.moved) {
    renew();
    if (claim.isSigned) {
      await settled().catch(() => {});
      throw changed();
    }
    return say(claim, signal);
  }
  if (user) {
    // Before it is sent, since the page may be gone when the answer comes. Empty: either user.
    session.note({ user: isOther ? '' : user });
  }
  try {
    const identity = await session.inTurn(() => exchange(session, signal, claim));
    if (user) {
      session.note({ user });
    }
    return identity as IdentityResult;
  } catch (error) {
    if (/^(hmac_|token_|identity_token_|invalid_request$)/.test((error as IdentityError).code)) {
      session.note({ user: before });
    }
    // Not after a reset: the new visitor may be another person.
    if (claim.isAsking && !claim.reason && session.successor && session.successor === current) {
      claim.reason = 'new_visitor';
      return say(claim, signal);
    }
    throw error;
  }
}

/**
 * Sends the claim, or asks for the identity, for the session's visitor only. `null` if there is no
 * identity, or nothing to send.
 */
async function exchange(
  session: Session,
  signal: AbortSignal,
  claim?: Claim,
): Promise<IdentityResult | null> {
  const { organization } = session;
  const { serverUrl, storageKey, timeout } = organization;
  const send = async (signal: AbortSignal) => {
    const { visitorId, visitorToken } = await session.ready;
    look();
    signal.throwIfAborted();
    if (claim?.isKeeping && claim.reason !== 'start' && (session.notes.due ?? 0) > Date.now()) {
      return null;
    }
    const body = await claim?.bodyFor(visitorId, timeout, signal);
    look();
    signal.throwIfAborted();
    if (body === '') {
      return null;
    }
    const url = `${serverUrl}/v1/${body ? 'identify' : 'identity'}`;
    const headers = { Authorization: `Bearer ${visitorToken}` };
    const identity = (await request(url, headers, body, timeout, signal)) as IdentityResult | null;
    look();
    if (claim && !identity) {
      throw networkError(url, 'answered without a record');
    }
    const { verification } = identity ?? {};
    if (verification && body && JSON.parse(body).token) {
      // By the service's clock, since this machine's may be wrong.
      const life = Date.parse(verification.verifiedUntil) - Date.parse(verification.verifiedAt);
      session.note({ due: Date.now() + life * REFRESH_AT, ends: Date.now() + life });
    }
    return identity;
  };
  // Pages take turns at identityProvider, and use what the one before has got.
  const task = claim?.hasProvider
    ? (signal: AbortSignal) => runAlone(`${storageKey} token`, signal, () => send(signal))
    : send;
  try {
    return await during([session.signal, signal], task);
  } catch (error) {
    look();
    const ended = session.signal;
    const { code } = error as IdentityError;
    const isTaken =
      code === 'visitor_belongs_to_another_user' &&
      organization.onUserChange !== 'error' &&
      claim?.reason !== 'new_visitor';
    if (!ended.aborted && (isTaken || code === 'invalid_visitor_token')) {
      removeVisitor(storageKey);
      session.successor = begin(organization);
    }
    if (!ended.aborted) {
      throw error;
    }
    // So that the page finds the new visitor when it catches this, if there is one.
    await settled().catch(() => {});
    throw ended.reason;
  }
}
