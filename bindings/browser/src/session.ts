// One visitor, for as long as the page speaks for it.

import { IdentityError } from './error.js';
import { runAlone } from './lock.js';
import type { Organization } from './organization.js';
import { networkError, request } from './request.js';
import { isVisitor, readVisitor, type Visitor, writeVisitor } from './visitor.js';

export class Session {
  /** `null` until there is one. */
  visitor: Visitor | null = null;
  /** Whether no visitor could be made. */
  failed = false;
  /** Rejects if no visitor can be made. */
  readonly ready: Promise<Visitor>;
  readonly #controller = new AbortController();
  /** Aborted when the page turns to another visitor; its reason is what calls reject with. */
  readonly signal = this.#controller.signal;
  /** Whether the visitor is where other pages can see it, and reset it. */
  #stored = false;
  #lastCall: Promise<unknown> = Promise.resolve();

  /** Takes the visitor in storage at once, or makes one: always, if it has to be a new one. */
  constructor(
    readonly organization: Organization,
    private readonly isNew: boolean,
  ) {
    this.ready = this.#start();
    this.ready.catch(() => {
      this.failed = true;
    });
  }

  /** Whether another page has put another visitor, or none, in the place of this one. */
  get moved(): boolean {
    return (
      this.#stored &&
      readVisitor(this.organization.storageKey)?.visitorId !== this.visitor?.visitorId
    );
  }

  /** Ends the calls that are under way. */
  end(): void {
    this.#controller.abort(
      new IdentityError(
        'visitor_changed',
        'The visitor has changed: fetch an hmac for the new visitor id, and call again',
      ),
    );
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
    return this.visitor ?? runAlone(this.organization.storageKey, () => this.#make());
  }

  /**
   * The visitor in storage, if that would do. After a reset it would not, whatever it is: a page
   * that began before the reset may have put it there, and said who the person was.
   */
  #find(): Visitor | null {
    return this.isNew ? null : readVisitor(this.organization.storageKey);
  }

  async #make(): Promise<Visitor> {
    const made = this.#find() ?? (await this.#create());
    // Where there is no lock, another page may have stored one meanwhile, and that is the one.
    const visitor = this.#find() ?? made;
    const { storageKey } = this.organization;
    if (visitor === made) {
      writeVisitor(storageKey, visitor);
    }
    this.visitor = visitor;
    this.#stored = readVisitor(storageKey)?.visitorId === visitor.visitorId;
    return visitor;
  }

  async #create(): Promise<Visitor> {
    const { key, serverUrl } = this.organization;
    const url = `${serverUrl}/v1/visitors`;
    const headers = { 'X-Organization-Key': key };
    const visitor = await request(url, { method: 'POST', headers }, this.signal);
    if (!isVisitor(visitor)) {
      throw networkError(url, 'answered without a visitor');
    }
    return visitor;
  }
}
