// One visitor, for as long as the page speaks for it.

import { IdentityError } from './error.js';
import { runAlone } from './lock.js';
import { networkError } from './network.js';
import type { Organization } from './organization.js';
import { request } from './request.js';
import { isVisitor, type Notes, readVisitor, type Visitor, writeVisitor } from './visitor.js';

export class Session {
  /** `null` until there is one. */
  visitor: Visitor | null = null;
  /** Whether no visitor could be made. */
  failed = false;
  /** The session that took over when the service did not know the visitor any more. */
  successor: Session | undefined;
  /** Rejects if no visitor can be made. */
  readonly ready: Promise<Visitor>;
  readonly #controller = new AbortController();
  /** Aborted when the page turns to another visitor; its reason is what calls reject with. */
  readonly signal = this.#controller.signal;
  /** Whether the visitor is where other pages can see it, and reset it. */
  #stored = false;
  #notes: Notes = {};
  #lastCall: Promise<unknown> = Promise.resolve();

  /** Takes the visitor in storage, or makes one. If it has to be a new one, always makes one. */
  constructor(
    public organization: Organization,
    private readonly isNew: boolean,
  ) {
    this.ready = this.#start();
    this.ready.catch(() => {
      this.failed = true;
    });
  }

  /** The visitor in storage. */
  get #kept(): Visitor | null {
    return readVisitor(this.organization.storageKey);
  }

  /** Whether another page has stored another visitor, or removed this one. */
  get moved(): boolean {
    return this.#stored && this.#kept?.visitorId !== this.visitor?.visitorId;
  }

  /** What this page and the others have noted. Its `user` is a likely one until the answer is there. */
  get notes(): Notes {
    return (this.#stored ? this.#kept : this.#notes) ?? {};
  }

  note(notes: Notes): void {
    this.#notes = { ...this.notes, ...notes };
    if (this.#stored && this.visitor && !this.moved) {
      this.#keep(this.visitor);
    }
  }

  #keep(visitor: Visitor): void {
    writeVisitor(this.organization.storageKey, { ...this.#notes, ...visitor });
  }

  /** Ends the calls that are under way, and those that wait. */
  end(reason: IdentityError): void {
    this.#controller.abort(reason);
  }

  /** Runs `call` after the calls before it have come to an end, good or bad. */
  inTurn<T>(call: () => Promise<T>): Promise<T> {
    const result = this.#lastCall.then(call);
    this.#lastCall = result.catch(() => {});
    return result;
  }

  async #start(): Promise<Visitor> {
    this.visitor = this.#find();
    this.#stored = this.visitor !== null;
    return this.visitor ?? runAlone(this.organization.storageKey, this.signal, () => this.#make());
  }

  /**
   * The visitor in storage, if that would do. After a reset it would not, whatever it is: a page
   * that began before the reset may have put it there, and said who the person was.
   */
  #find(): Visitor | null {
    return this.isNew ? null : this.#kept;
  }

  async #make(): Promise<Visitor> {
    const made = this.#find() ?? (await this.#create());
    // Where there is no lock, another page may have stored one meanwhile, and that is the one.
    const visitor = this.#find() ?? made;
    if (visitor === made) {
      this.#keep(visitor);
    }
    this.visitor = visitor;
    this.#stored = this.#kept?.visitorId === visitor.visitorId;
    return visitor;
  }

  async #create(): Promise<Visitor> {
    const { key, serverUrl, timeout } = this.organization;
    const url = `${serverUrl}/v1/visitors`;
    const headers = { 'X-Organization-Key': key };
    const visitor = await request(url, headers, '', timeout, this.signal).catch((error) => {
      // The service's text is about a header, which the page has never seen.
      throw error.code === 'unknown_organization'
        ? new IdentityError(
            error.code,
            'no organization has this organizationKey: check it and serverUrl',
            { field: 'organizationKey', requestId: error.requestId },
          )
        : error;
    });
    if (!isVisitor(visitor)) {
      throw networkError(url, 'answered without a visitor');
    }
    return visitor;
  }
}
