import type { IdentityError } from './error.js';

/** How one call may be ended. */
export interface CallOptions {
  /**
   * Ends the call: it rejects with the signal's `reason` at once, as `fetch()` does, and its request
   * is aborted. The request may have reached the service all the same.
   */
  signal?: AbortSignal | undefined;
}

/** What {@link InitOptions.identityProvider} is asked for. */
export interface IdentityRequest {
  /** The visitor id that the token has to name. */
  visitorId: string;
  /**
   * Why it is asked. `start`: the page has started. `refresh`: most of the time for which the
   * visitor is verified has passed, or the page calls `identify()`. `expired`: that time is over.
   * `new_visitor`: there is another visitor, such as after `reset()`.
   */
  reason: 'start' | 'refresh' | 'expired' | 'new_visitor';
  /** Is aborted if nobody waits for the token any more. Pass it to `fetch()`. */
  signal: AbortSignal;
}

/** Which organization's chat the page shows, where its service is, and how the page uses it. */
export interface InitOptions extends CallOptions {
  /** The organization key, `pk_…`. It is public. */
  organizationKey: string;
  /** The `http` or `https` URL of the identity service, such as `https://chat.example.com`. */
  serverUrl: string;
  /**
   * Fetches an identity token from your backend. The client asks when the page starts, when 80 % of
   * the time for which the visitor is verified has passed, when there is a new visitor, and for each
   * `identify()` without a proof of its own. It never asks twice at a time. Give `null` if nobody is
   * logged in. Throw if your backend does not answer: the visitor stays verified until its time is
   * over, and the client asks again, up to six times in half an hour. The provider must not wait for
   * another call of this api, since that call would wait for this one.
   */
  identityProvider?:
    | ((request: IdentityRequest) => string | null | Promise<string | null>)
    | undefined;
  /**
   * What `identify()` does with an `externalId` other than the visitor's last one. `update` (the
   * default) changes the visitor's record. `reset` makes a new visitor first, as {@link
   * SdkApi.reset} does, so one user does not take over the other's record. `error` is as `update`.
   *
   * A token for another user than the visitor's can update nothing. So with `update` and `reset`, the
   * client makes a new visitor, and asks `identityProvider` once more. With `error`, the call
   * rejects with `visitor_belongs_to_another_user`.
   */
  onUserChange?: 'update' | 'reset' | 'error' | undefined;
  /** How many milliseconds a request, `getHmac` or `identityProvider` may take. The default is 10000. */
  timeout?: number | undefined;
}

/** The conversation of the page's visitor. */
export interface Conversation {
  /** The anonymous id that the service gave the visitor, which your backend signs. */
  visitorId: string;
}

/**
 * What is known about the visitor. What is absent or `undefined` stays as it was, `null` clears, and
 * `metadata` is merged key by key (RFC 7396). The service refuses an empty text.
 */
export interface IdentifyParams {
  /** Visitor display name. */
  name?: string | null | undefined;
  /** Visitor email address. */
  email?: string | null | undefined;
  /** Your internal user ID, which maps the anonymous visitor to your system. */
  externalId?: string | null | undefined;
  /** Arbitrary key-value pairs: plan, company, tags. They must fit into JSON. */
  metadata?: Record<string, unknown> | null | undefined;
  /** The hmac that your backend made for the visitor id: required when verification is required. */
  hmac?: string | undefined;
  /**
   * Fetches the hmac from your backend, in the place of `hmac`. It is called with the visitor id. If
   * the service no longer knows that visitor, it is called once more, with the id of the new one. It
   * must throw if your backend does not answer with an hmac. It must not wait for another call of
   * this api, since that call would wait for this one.
   */
  getHmac?: ((visitorId: string) => string | Promise<string>) | undefined;
  /**
   * The identity token that your backend made for the visitor id, in the place of an hmac. What it
   * says is verified. What stands beside it is what the visitor says.
   */
  token?: string | undefined;
}

/** What the verified attributes of a record rest on. */
export interface Verification {
  /** `token`: an identity token. `backend`: a call of your backend, with an API key. */
  method: 'token' | 'backend';
  /** The `kid` of the key that signed the token. */
  keyId: string | null;
  /** When the visitor was last verified (RFC 3339). */
  verifiedAt: string;
  /** Until when verified attributes are shown (RFC 3339). */
  verifiedUntil: string;
}

/** An attribute of a call that is not shown in the record. */
export interface IgnoredAttribute {
  /** Its name, as in {@link IdentityResult.verifiedAttributes}. */
  attribute: string;
  /**
   * `verified_value_kept`: a verified value stands in its place. `newer_kept`: the token is older than
   * the newest one of the user.
   */
  reason: 'verified_value_kept' | 'newer_kept';
}

/** The visitor's identity record, as it is after the call. */
export type IdentityResult = {
  id: string;
  /** The visitor id. */
  anonymousUserId: string;
  externalId?: string | null;
  email?: string | null;
  name?: string | null;
  metadata?: Record<string, unknown> | null;
  /** Whether the last `identify()` carried an hmac or a token that the service has verified. */
  hmacVerified: boolean;
  /** The service's id of the user: the same for all visitors that were verified as this user. */
  personId?: string | null;
  /** What the verified attributes rest on; `null` while nothing is verified. */
  verification?: Verification | null;
  /**
   * Which attributes are verified: `externalId`, `name`, `email`, and `metadata.plan` for a key of
   * metadata. The others are what the visitor says.
   */
  verifiedAttributes?: string[];
  /** The attributes of the call that are not shown. */
  ignored?: IgnoredAttribute[];
};

/** What {@link SdkApi.on} tells of, and what the listener gets. */
export interface SdkEvents {
  /** The conversation has changed, as {@link SdkApi.subscribe} has it. */
  visitorchanged: Conversation | null;
  /**
   * The visitor is not verified any more, or could not be verified: a token was refused, or there was
   * none in time. The listener gets the error, or `null` if `identityProvider` gave `null`.
   */
  identityexpired: IdentityError | null;
}

/**
 * The chat's api object. Its functions need no `this`. Those that return a promise never throw. They
 * reject with an `IdentityError`, or with the `reason` of your own `AbortSignal`. Outside of a
 * browser they reject with `not_in_browser`.
 */
export interface SdkApi {
  /**
   * Resumes the visitor that this browser has for the organization, or makes one.
   *
   * You may call it again. For the same organization, it sends nothing, resolves with the same
   * conversation, and takes the new `onUserChange` and `timeout`. After a failure it tries again. For
   * another organization, the page changes to the visitor of that one, and the first visitor stays in
   * storage. If you call it while a start is under way, both calls settle alike.
   *
   * @param options `signal` ends only the wait: the next call gets the visitor that is being made
   * @returns the conversation, once there is a visitor
   * @throws {IdentityError} `not_in_browser`, `invalid_request` with the `field` of a wrong option,
   * `unknown_organization`, `origin_not_allowed`, `csp_blocked`, `timeout`,
   * `offline`, `network_error`, `shut_down`, or another code of the service
   */
  init(options: InitOptions): Promise<Conversation>;

  /**
   * Tells the chat what you know about the visitor. Calls are sent one after the other, so the later
   * one wins. A call acts for the visitor that the page last knew of, or rejects. A call of up to
   * 60 KB is sent even if the page ends meanwhile.
   *
   * @returns the visitor's one identity record after the update
   * @throws {IdentityError} `not_initialized`; `hmac_verification_failed`; `hmac_required`;
   * `hmac_unavailable` if `getHmac` has failed, with what it threw as `cause`; `rate_limited` with
   * `retryAfter`; `invalid_request` with the `field`; `visitor_changed` if there is another visitor
   * now, by a reset here or in another tab, or because the service no longer knew this one: fetch an
   * hmac for the new visitor and call again; or as {@link SdkApi.init}
   *
   * @example
   * const identity = await getSdkApi().identify({
   *   name: 'Jane Doe',
   *   externalId: 'user_123',
   *   getHmac: async (visitorId) => {
   *     const res = await fetch(`/api/chat-identity?visitorId=${visitorId}`);
   *     if (!res.ok) throw new Error(`/api/chat-identity answered ${res.status}`);
   *     return (await res.json()).hmac;
   *   },
   * });
   * assert.equal(identity.hmacVerified, true);
   */
  identify(params: IdentifyParams, options?: CallOptions): Promise<IdentityResult>;

  /**
   * The conversation of the visitor that this browser has now. It is `null` before `init()` is done,
   * while another visitor is being made, and outside of a browser. As long as nothing changes, it is
   * the same object.
   *
   * @example
   * const conversation = getSdkApi().getConversation();
   * assert(conversation);
   * assert.match(conversation.visitorId, /^[0-9a-f-]{36}$/);
   */
  getConversation(): Conversation | null;

  /**
   * The visitor's record as the service has it, such as after a reload. It is `null` before the first
   * `identify()`.
   *
   * @throws {IdentityError} as {@link SdkApi.identify}, without the codes about the hmac
   */
  getIdentity(options?: CallOptions): Promise<IdentityResult | null>;

  /**
   * Calls `listener` with the conversation when {@link SdkApi.getConversation} has changed, in this
   * tab or in another one. It calls soon after the change, never during your own call. Outside of a
   * browser it does nothing.
   *
   * @returns a function that ends the subscription; {@link SdkApi.shutdown} ends it too
   * @throws {IdentityError} `invalid_request` if `listener` is not a function
   *
   * @example
   * const unsubscribe = getSdkApi().subscribe((conversation) => {
   *   console.log(conversation?.visitorId ?? 'a new visitor is being made');
   * });
   * await getSdkApi().reset();
   * unsubscribe();
   */
  subscribe(listener: (conversation: Conversation | null) => void): () => void;

  /**
   * Calls `listener` when something of this type happens: see {@link SdkEvents}. `visitorchanged` is
   * what {@link SdkApi.subscribe} hears.
   *
   * @returns a function that ends the subscription; {@link SdkApi.shutdown} ends it too
   * @throws {IdentityError} `invalid_request` if `listener` is not a function
   *
   * @example
   * const end = getSdkApi().on('identityexpired', (error) => {
   *   console.log(error?.message ?? 'nobody is logged in any more');
   * });
   * end();
   */
  on<T extends keyof SdkEvents>(type: T, listener: (detail: SdkEvents[T]) => void): () => void;

  /**
   * For log-out: forgets the visitor in all tabs, and makes a new one. Calls to `identify()` that are
   * under way reject with `visitor_changed`. If no new visitor can be made, the visitor is forgotten
   * all the same, and the next call tries again.
   *
   * @param options `signal` ends the wait for the new visitor, not the forgetting
   * @returns the conversation of the new visitor
   * @throws {IdentityError} `not_initialized`, or as {@link SdkApi.init}
   *
   * @example
   * const chat = getSdkApi();
   * const before = chat.getConversation();
   * const after = await chat.reset();
   * assert.notEqual(after.visitorId, before?.visitorId);
   */
  reset(options?: CallOptions): Promise<Conversation>;

  /**
   * Ends the chat on this page, for instance when consent is withdrawn. Calls that are under way reject
   * with `shut_down`. No timer, listener or subscription is left. The visitor stays in storage, and
   * `init()` resumes it.
   */
  shutdown(): void;
}
