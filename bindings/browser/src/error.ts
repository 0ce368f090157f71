/**
 * The stable names of what can go wrong. The service's own codes come through as they are, so there
 * may be more than these.
 */
export type IdentityErrorCode =
  | 'not_in_browser'
  | 'not_initialized'
  | 'shut_down'
  | 'hmac_verification_failed'
  | 'hmac_required'
  | 'hmac_unavailable'
  | 'token_unavailable'
  | 'identity_token_required'
  | 'proof_not_accepted'
  | 'visitor_belongs_to_another_user'
  | 'visitor_changed'
  | 'invalid_request'
  | 'unknown_organization'
  | 'organization_suspended'
  | 'origin_not_allowed'
  | 'csp_blocked'
  | 'timeout'
  | 'offline'
  | 'network_error'
  | 'rate_limited'
  | 'too_large'
  | 'unavailable'
  | 'internal'
  // Any other text too, and still these are offered for completion.
  | (string & {});

/** What an error may carry beside its code and message. */
type Details = Partial<
  Pick<IdentityError, 'field' | 'retryAfter' | 'requestId'> & { cause: unknown }
>;

/**
 * The error that every function of this package rejects with, unless your own `AbortSignal` ends the
 * call. No property carries the hmac, the visitor token, or what you said about the visitor.
 *
 * @example
 * const error: unknown = await getSdkApi()
 *   .identify({ hmac: 'not the right one' })
 *   .catch((error: unknown) => error);
 * assert(error instanceof IdentityError);
 * assert.equal(error.code, 'hmac_verification_failed');
 * assert.equal(error.message, 'HMAC verification failed');
 */
export class IdentityError extends Error {
  /** What went wrong, as a name that does not change between versions. */
  declare readonly code: IdentityErrorCode;
  /** The option or parameter that is wrong, such as `metadata.plan`, if it is one. */
  declare readonly field: string | undefined;
  /** After how many seconds the service may be asked again, if it says so. */
  declare readonly retryAfter: number | undefined;
  /** The name of the request in the service's log, if the service answered. */
  declare readonly requestId: string | undefined;

  /** @param details `cause` is what `getHmac` threw, for `hmac_unavailable` */
  constructor(code: IdentityErrorCode, message: string, details?: Details) {
    super(message, details);
    Object.assign(this, details, { code });
  }

  // Written out, since minifying renames the class.
  override get name(): string {
    return 'IdentityError';
  }
}

/** Refuses an argument unless it is right. `what` says what it must be. */
export function requireThat(isRight: boolean, field: string, what: string): void {
  if (!isRight) {
    throw new IdentityError('invalid_request', `${field} must be ${what}`, { field });
  }
}

export function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}
