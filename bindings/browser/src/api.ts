/** Which organization's chat the page shows, and where its service is. */
export interface InitOptions {
  /** The organization's public key, `pk_…`. It is no secret. */
  organizationKey: string;
  /** The `http` or `https` URL of the identity service, such as `https://chat.example.com`. */
  serverUrl: string;
}

/** The conversation of the page's visitor. */
export interface Conversation {
  /** The anonymous id that the service gave the visitor, which your backend signs. */
  visitorId: string;
}

/**
 * What is known about the visitor. What is absent stays as it was, `null` clears, and `metadata`
 * is merged key by key (RFC 7396).
 */
export interface IdentifyParams {
  /** Visitor display name. */
  name?: string | null;
  /** Visitor email address. */
  email?: string | null;
  /** Your internal user ID, which maps the anonymous visitor to your system. */
  externalId?: string | null;
  /** Arbitrary key-value pairs: plan, company, tags. They must fit into JSON. */
  metadata?: Record<string, unknown> | null;
  /** Your backend's signature of the visitor id: required when verification is enabled. */
  hmac?: string;
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
  /** Whether the last `identify()` carried an hmac that the service has verified. */
  hmacVerified: boolean;
};

/**
 * The chat's api object. Its functions need no `this`. Those that return a promise never throw,
 * but reject, always with an `IdentityError`.
 */
export interface SdkApi {
  /**
   * Resumes the visitor that this browser has for the organization, or makes one.
   *
   * Calling it again with the same options changes nothing, asks for nothing, and resolves alike;
   * after a failure it tries again. With other options the page turns to that organization's
   * visitor, and the first one's is kept for later. A start that another one overtakes settles as
   * that one does.
   *
   * @returns the conversation, once there is a visitor
   * @throws {IdentityError} `invalid_request` with the `field` of a wrong option,
   * `unknown_organization`, `network_error`, or another code of the service
   */
  init(options: InitOptions): Promise<Conversation>;

  /**
   * Associates the visitor with what you know about it. Calls are sent one after the other, so the
   * later one wins. It acts for the visitor that the page was last told of, or for none.
   *
   * @returns the visitor's one identity record after the update
   * @throws {IdentityError} `not_initialized`; `hmac_verification_failed`; `hmac_required`;
   * `network_error`; `rate_limited` with `retryAfter`; `invalid_request` with the `field`;
   * `visitor_changed` if, before the answer came, the visitor was reset here or in another tab, or
   * the service no longer knew it: there is another one now, so fetch an hmac for that and call
   * again; or another code of the service
   *
   * @example
   * const chat = getSdkApi();
   * const { visitorId } = chat.getConversation();
   * const res = await fetch(`/api/chat-identity?visitorId=${visitorId}`);
   * const { hmac } = await res.json();
   * const identity = await chat.identify({ name: 'Jane Doe', externalId: 'user_123', hmac });
   * assert.equal(identity.anonymousUserId, visitorId);
   * assert.equal(identity.hmacVerified, true);
   */
  identify(params: IdentifyParams): Promise<IdentityResult>;

  /**
   * The conversation of the visitor that this browser has now; `null` before `init()` has come to
   * its end, and while another visitor is being made.
   *
   * @example
   * const { visitorId } = getSdkApi().getConversation();
   * assert.match(visitorId, /^[0-9a-f-]{36}$/);
   */
  getConversation(): Conversation | null;

  /**
   * The visitor's identity record as the service has it, for a page that was loaded again; `null`
   * before the first `identify()`.
   *
   * @throws {IdentityError} as {@link SdkApi.identify}
   */
  getIdentity(): Promise<IdentityResult | null>;

  /**
   * For log-out: forgets the visitor, in all tabs, and makes a new one. Calls to `identify()` that
   * are under way reject with `visitor_changed`. If no new visitor can be made, the old one is
   * forgotten all the same, and the next call tries again.
   *
   * @returns the conversation of the new visitor
   * @throws {IdentityError} `not_initialized`, `network_error`, or another code of the service
   *
   * @example
   * const chat = getSdkApi();
   * const before = chat.getConversation();
   * const after = await chat.reset();
   * assert.notEqual(after.visitorId, before.visitorId);
   */
  reset(): Promise<Conversation>;
}
