// The page's api object. At any time it speaks for one visitor: the current session's.
//
// Storage is asked at every call, and no event is waited for: a page that was frozen, or comes out
// of the back-forward cache, has missed them and must not speak for a visitor that was reset.

import type { Conversation, IdentifyParams, IdentityResult, InitOptions, SdkApi } from './api.js';
import { IdentityError } from './error.js';
import { type Organization, readOptions } from './organization.js';
import { request, toJson } from './request.js';
import { Session } from './session.js';
import { removeVisitor } from './visitor.js';

let current: Session | undefined;

export const api: SdkApi = Object.freeze({ init, identify, getConversation, getIdentity, reset });

async function init(options: InitOptions): Promise<Conversation> {
  const organization = readOptions(options);
  look();
  if (current?.organization.storageKey !== organization.storageKey || current.failed) {
    begin(organization);
  }
  return settled();
}

async function identify(params: IdentifyParams): Promise<IdentityResult> {
  const headers = { 'Content-Type': 'application/json' };
  return call('/v1/identify', { method: 'POST', headers, body: toJson(params) });
}

function getConversation(): Conversation | null {
  look();
  return current?.visitor ? { visitorId: current.visitor.visitorId } : null;
}

async function getIdentity(): Promise<IdentityResult | null> {
  try {
    return await call('/v1/identity', { method: 'GET' });
  } catch (error) {
    if ((error as IdentityError).code === 'identity_not_found') {
      return null;
    }
    throw error;
  }
}

async function reset(): Promise<Conversation> {
  const { organization } = initialized();
  // At once: whatever comes next, nobody resumes this visitor.
  removeVisitor(organization.storageKey);
  begin(organization, true);
  return settled();
}

function initialized(): Session {
  if (!current) {
    throw new IdentityError('not_initialized', 'SDK not initialized: call init() first');
  }
  return current;
}

/** Turns the page to the visitor in storage, or else to a new one. */
function begin(organization: Organization, isNew = false): void {
  current?.end();
  current = new Session(organization, isNew);
}

/** Notices what other pages have done to the visitor. */
function look(): void {
  if (current?.moved) {
    begin(current.organization);
  }
}

/** The conversation of the session that is current at the end of it all. */
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

/** Asks for the identity of the visitor that the page knows when it calls, and of no other. */
async function call(path: string, init: RequestInit): Promise<IdentityResult> {
  const { failed, organization } = initialized();
  if (failed) {
    begin(organization);
  }
  const session = initialized();
  return session.inTurn(() => exchange(session, path, init));
}

async function exchange(
  session: Session,
  path: string,
  init: RequestInit,
): Promise<IdentityResult> {
  const { organization, signal } = session;
  try {
    const { visitorToken } = await session.ready;
    look();
    const headers = { ...init.headers, Authorization: `Bearer ${visitorToken}` };
    const identity = await request(organization.serverUrl + path, { ...init, headers }, signal);
    look();
    signal.throwIfAborted();
    return identity as IdentityResult;
  } catch (error) {
    look();
    if (!signal.aborted && (error as IdentityError).code === 'invalid_visitor_token') {
      removeVisitor(organization.storageKey);
      begin(organization);
    }
    if (!signal.aborted) {
      throw error;
    }
    // So that who catches this finds the new visitor, if there could be one.
    await settled().catch(() => {});
    throw signal.reason;
  }
}
