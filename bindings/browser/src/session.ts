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
  /** Aborted when the page turns to another visitor; its reason is what calls reject with. */
  readonly signal: AbortSignal;

  readonly organization: Organization;
  readonly #controller = new AbortController();
  /** Whether the visitor is where other pages can see it, and reset it. */
  #stored = false;
  #lastCall: Promise<unknown> = Promise.resolve();

  /** Takes the visitor in storage at once, or makes one. */
  constructor(organization: Organization) {
    this.organization = organization;
    this.signal = this.#controller.signal;
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
    const { storageKey } = this.organization;
    this.visitor = readVisitor(storageKey);
    this.#stored = this.visitor !== null;
    if (!this.visitor) {
      await runAlone(storageKey, () => this.#make());
    }
    return this.visitor as unknown as Visitor;
  }

  async #make(): Promise<void> {
    this.signal.throwIfAborted();
    const { storageKey } = this.organization;
    const visitor = readVisitor(storageKey) ?? (await this.#create());
    this.signal.throwIfAborted();
    // Where there is no lock, another page may have stored one meanwhile, and that is the one.
    if (!readVisitor(storageKey)) {
      writeVisitor(storageKey, visitor);
    }
    const stored = readVisitor(storageKey);
    this.#stored = stored !== null;
    this.visitor = stored ?? visitor;
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
