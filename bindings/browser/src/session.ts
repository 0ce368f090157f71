// One visitor, for as long as the page speaks for it.

import type { IdentityError } from './error.js';
import { runAlone } from './lock.js';
import type { Organization } from './organization.js';
import { request } from './request.js';
import { isVisitor, type Notes, readVisitor, type Visitor, writeVisitor } from './visitor.js';

export interface Session extends Organization {
  /** Who it is, once there is a visitor, and what this page has noted. */
  visitor: Partial<Visitor>;
  /** Whether the visitor is where other pages can see it, and reset it. */
  isStored: boolean;
  /** Whether no visitor could be made. */
  hasFailed: boolean;
  /** The session that took over when the service did not know the visitor any more. */
  successor: Session | undefined;
  /** Rejects if no visitor can be made. */
  start: Promise<void>;
  /** Settles, but never rejects, with the last call. */
  lastCall: Promise<unknown>;
  /** Ends the calls that are under way, and those that wait. */
  end(reason: IdentityError): void;
  /** Aborted when the page turns to another visitor; its reason is what calls reject with. */
  readonly signal: AbortSignal;
}

/** Takes the visitor in storage, or makes one. If it has to be a new one, always makes one. */
export function startSession(organization: Organization, isNew: boolean): Session {
  const { storageKey } = organization;
  const controller = new AbortController();
  const { signal } = controller;
  // After a reset no visitor in storage would do, whatever it is: a page that began before the reset may
  // have put it there, and said who the person was.
  const find = () => (isNew ? null : readVisitor(storageKey));
  const found = find();
  const create = () => {
    const headers = { 'X-Organization-Key': organization.key };
    return request<Visitor>(organization, 'visitors', headers, null, isVisitor, signal);
  };
  const make = async () => {
    const { visitorId, visitorToken } = find() ?? (await create());
    // Where there is no lock, another page may have stored one meanwhile, and that is the one.
    Object.assign(session.visitor, { visitorId, visitorToken }, find());
    writeVisitor(storageKey, session.visitor);
    session.isStored = true;
    session.isStored = !isMoved(session);
  };
  const start = found ? Promise.resolve() : runAlone(storageKey, signal, make);
  const session: Session = {
    ...organization,
    visitor: found ?? {},
    isStored: !!found,
    hasFailed: false,
    successor: undefined,
    start,
    lastCall: start.catch(() => {
      session.hasFailed = true;
    }),
    end: (reason) => controller.abort(reason),
    signal,
  };
  return session;
}

/** The visitor as all pages see it, with what they have noted; `null` if it is gone. */
function seen({ storageKey, visitor, isStored }: Session): Partial<Visitor> | null {
  return isStored ? readVisitor(storageKey) : visitor;
}

/** Whether another page has stored another visitor, or removed this one. */
export function isMoved(session: Session): boolean {
  return seen(session)?.visitorId !== session.visitor.visitorId;
}

/** What this page and the others have noted. Its `user` is a likely one until the answer is there. */
export function notesOf(session: Session): Notes {
  return seen(session) ?? {};
}

export function note(session: Session, notes: Notes): void {
  if (!isMoved(session)) {
    Object.assign(session.visitor, seen(session), notes);
    if (session.isStored) {
      writeVisitor(session.storageKey, session.visitor);
    }
  }
}
