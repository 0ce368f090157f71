/** How one call may be ended. */
export interface CallOptions {
  /**
   * Ends the call: it rejects with the signal's `reason` at once, as `fetch()` does, and its
   * request is ended. A request that was under way may have reached the service all the same.
   */
  signal?: AbortSignal | undefined;
}

/** Which organization's chat the page shows, where its service is, and how the page uses it. */
export interface InitOptions extends CallOptions {
  /** The organization's public key, `pk_…`. It is no secret. */
  organizationKey: string;
  /** The `http` or `https` URL of the identity service, such as `https://chat.example.com`. */
  serverUrl: string;
  /**
   * What `identify()` does with an `externalId` other than the visitor's last one: `update` (the
   * default) changes the visitor's record, `reset` makes a new visitor first, as {@link
   * SdkApi.reset} does, so that one user does not go on with the other's record.
   */
  onUserChange?: 'update' | 'reset' | undefined;
  /** How many milliseconds a request, or `getHmac`, is given: 10000 unless told otherwise. */
  timeout?: number | undefined;
}

/** The conversation of the page's visitor. */
export interface Conversation {
  /** The anonymous id that the service gave the visitor, which your backend signs. */
  visitorId: string;
}

/**
 * What is known about the visitor. What is absent or `undefined` stays as it was, `null` clears,
 * and `metadata` is merged key by key (RFC 7396).
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
  /** Your backend's signature of the visitor id: required when verification is enabled. */
  hmac?: string | undefined;
  /**
   * Fetches that signature from your backend, in the place of `hmac`. It is given the visitor id,
   * and called again, once, with the id of the new visitor if the service no longer knew the
   * visitor. It has to throw where your backend does not answer with a signature. It must not wait
   * for another call of this api, which would wait for this one.
   */
  getHmac?: ((visitorId: string) => string | Promise<string>) | undefined;
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
 * but reject with an `IdentityError`, or with the `reason` of your own `AbortSignal`. Outside of a
 * browser they reject with `not_in_browser`.
 */
export interface SdkApi {
  /**
   * Resumes the visitor that this browser has for the organization, or makes one.
   *
   * Calling it again for the same organization asks for nothing, resolves alike, and takes
   * `onUserChange` and `timeout` as they are given now; after a failure it tries again. With
   * another organization the page turns to that one's visitor, and the first one's is kept for
   * later. A start that another one overtakes settles as that one does.
   *
   * @param options `signal` ends the wait alone: the visitor that is being made is for the next
   * call
   * @returns the conversation, once there is a visitor
   * @throws {IdentityError} `not_in_browser`, `invalid_request` with the `field` of a wrong option,
   * `unknown_organization`, `origin_not_allowed`, `csp_blocked`, `timeout`,
   * `offline`, `network_error`, `shut_down`, or another code of the service
   */
  init(options: InitOptions): Promise<Conversation>;

  /**
   * Associates the visitor with what you know about it. Calls are sent one after the other, so the
   * later one wins. It acts for the visitor that the page was last told of, or for none. Up to
   * 60 KB it is sent even if the page ends meanwhile.
   *
   * @returns the visitor's one identity record after the update
   * @throws {IdentityError} `not_initialized`; `hmac_verification_failed`; `hmac_required`;
   * `hmac_unavailable` if `getHmac` has failed, with what it threw as `cause`; `rate_limited` with
   * `retryAfter`; `invalid_request` with the `field`; `visitor_changed` if, before the answer came,
   * the visitor was reset here or in another tab, or the service no longer knew it: there is
   * another one now, so fetch an hmac for that and call again; or as {@link SdkApi.init}
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
   * The conversation of the visitor that this browser has now; `null` before `init()` has come to
   * its end, while another visitor is being made, and outside of a browser. As long as nothing
   * changes it is the same object.
   *
   * @example
   * const conversation = getSdkApi().getConversation();
   * assert(conversation);
   * assert.match(conversation.visitorId, /^[0-9a-f-]{36}$/);
   */
  getConversation(): Conversation | null;

  /**
   * The visitor's identity record as the service has it, for a page that was loaded again; `null`
   * before the first `identify()`.
   *
   * @throws {IdentityError} as {@link SdkApi.identify}, but for what is about the hmac
   */
  getIdentity(options?: CallOptions): Promise<IdentityResult | null>;

  /**
   * Calls `listener` whenever {@link SdkApi.getConversation} has changed, in this tab or in
   * another one, with what it is now. It is called soon after the change, and never at once.
   * Outside of a browser it is not called.
   *
   * @returns ends the subscription, and so does {@link SdkApi.shutdown}
   * @throws {IdentityError} `invalid_request` if `listener` is no function
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
   * For log-out: forgets the visitor, in all tabs, and makes a new one. Calls to `identify()` that
   * are under way reject with `visitor_changed`. If no new visitor can be made, the old one is
   * forgotten all the same, and the next call tries again.
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
   * Ends the chat on this page, as when consent is withdrawn or a component goes away: calls that
   * are under way reject with `shut_down`, and no timer, listener or subscription is left. The
   * visitor stays in storage, and `init()` resumes it.
   */
  shutdown(): void;
}
