/**
 * The names of `identity-hmac` on Web Crypto alone, for runtimes that load no native addon: edge
 * functions, Deno, Bun. It behaves like `identity-hmac` in everything, except that functions and
 * methods return promises: where those of `identity-hmac` throw, these reject.
 *
 * @module
 */

/** Text, signed as UTF-8, or bytes, signed as they are when the call is made. */
export type Bytes = string | Uint8Array;

/**
 * A secret KeyObject of `node:crypto`, as `createSecretKey` makes it: its bytes are the key. It is
 * declared by its shape, so that these types need no others.
 */
export interface SecretKeyObject {
  readonly type: 'secret' | 'public' | 'private';
  readonly symmetricKeySize?: number | undefined;
  export(): Uint8Array;
}

/**
 * A CryptoKey for HMAC with SHA-256 and the usages `sign` and `verify`, which need not be
 * extractable. It is declared by its shape, so that these types need no others.
 */
export interface HmacCryptoKey {
  readonly type: 'secret' | 'public' | 'private';
  readonly algorithm: { readonly name: string };
  readonly extractable: boolean;
  readonly usages: readonly string[];
}

/** An identity verification secret: its bytes are the key, as they are. */
export type Secret = Bytes | SecretKeyObject | HmacCryptoKey;

/** The stable names of what can be wrong with the input. */
export type IdentityHmacErrorCode =
  | 'empty_secret'
  | 'empty_visitor_id'
  | 'invalid_input'
  | 'secret_blank'
  | 'secret_contains_nul'
  | 'secret_holds_assignment'
  | 'secret_holds_comment'
  | 'secret_not_utf8'
  | 'secret_placeholder'
  | 'secret_quoted'
  | 'secret_surrounded_by_whitespace'
  | 'secret_unexpanded_variable'
  | 'secret_unset'
  | 'token_key_as_secret';

/**
 * Input that is refused before anything is signed. Neither the message nor any property carries
 * the secret or the visitor id.
 *
 * @example
 * await assert.rejects(generateIdentityHmac('visitor_1', ''), IdentityHmacError);
 */
export declare class IdentityHmacError extends Error {
  /** @param options `code`, by default `invalid_input`, and the `cause`, if there is one */
  constructor(message?: string, options?: { code?: IdentityHmacErrorCode; cause?: unknown });
  /** What was wrong, as a name that does not change between versions. */
  code: IdentityHmacErrorCode;
}

/**
 * Signs `visitorId` with `secret`. To sign many ids with one secret, prepare an
 * {@link IdentityKey}.
 *
 * Sign only for a caller whose session you have authenticated: anyone with the result can
 * identify as this visitor until the secret is rotated.
 *
 * @param visitorId the id that the chat gave the visitor; never trimmed, never normalised
 * @param secret the identity verification secret; its bytes are the key, as they are
 * @returns the HMAC-SHA256 (RFC 2104) as 64 lowercase hexadecimal digits
 * @throws {IdentityHmacError} `empty_secret` or `empty_visitor_id`
 * @throws {TypeError} if an argument is of another type; the message says of which, and never
 * shows the value
 *
 * @example
 * const hmac = await generateIdentityHmac('visitor_1', 's3cret');
 * assert.equal(hmac, '03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae');
 */
export declare function generateIdentityHmac(visitorId: Bytes, secret: Secret): Promise<string>;

/**
 * Whether `secret` signed `visitorId` as `hmac`, compared in constant time.
 *
 * `visitorId` and `hmac` may be anything that a client can send. A value that is not a string or a
 * `Uint8Array`, or an hmac that is not 64 hexadecimal digits in either case, gives `false`.
 *
 * @throws {IdentityHmacError} `empty_secret`
 * @throws {TypeError} if `secret` is of another type
 *
 * @example
 * const hmac = await generateIdentityHmac('visitor_1', 's3cret');
 * assert.equal(await verifyIdentityHmac('visitor_1', hmac, 's3cret'), true);
 * assert.equal(await verifyIdentityHmac('visitor_1', undefined, 's3cret'), false);
 */
export declare function verifyIdentityHmac(
  visitorId: unknown,
  hmac: unknown,
  secret: Secret,
): Promise<boolean>;

/**
 * A new identity verification secret: 32 random bytes, as 64 lowercase hexadecimal digits. The
 * digits are the secret; nobody decodes them before signing.
 *
 * @example
 * assert.match(await generateSecret(), /^[0-9a-f]{64}$/);
 */
export declare function generateSecret(): Promise<string>;

/**
 * An identity verification secret, prepared for signing and verifying many visitor ids. The
 * secret cannot be taken out of it again.
 *
 * @example
 * const key = new IdentityKey('s3cret');
 * const hmac = await key.sign('visitor_1');
 * assert(await key.verify('visitor_1', hmac));
 */
export declare class IdentityKey {
  /**
   * @param secret the identity verification secret; its bytes are the key, as they are
   * @throws {IdentityHmacError} `empty_secret`
   * @throws {TypeError} if `secret` is of another type
   */
  constructor(secret: Secret);

  /**
   * A key from the environment variable `name`, by default `IDENTITY_SECRET`, as `process.env` or
   * `Deno.env` has it. It rejects values that the
   * constructor accepts but that are almost always a mistake in the configuration.
   *
   * @throws {IdentityHmacError} if the variable is unset, blank or not UTF-8, holds a NUL, has white
   * space or quotes around it, or holds a placeholder, a reference, an assignment or a comment. The
   * error names the variable and the fault, never the value
   * @throws {TypeError} if `name` is not a string
   *
   * @example
   * process.env.IDENTITY_SECRET = 's3cret';
   * const key = IdentityKey.fromEnv();
   */
  static fromEnv(name?: string): IdentityKey;

  /**
   * Signs `visitorId`, as {@link generateIdentityHmac} does.
   *
   * @throws {IdentityHmacError} `empty_visitor_id`
   * @throws {TypeError} if `visitorId` is neither a string nor a `Uint8Array`
   */
  sign(visitorId: Bytes): Promise<string>;

  /** Whether this key signed `visitorId` as `hmac`. Never rejects, whatever it is given. */
  verify(visitorId: unknown, hmac: unknown): Promise<boolean>;

  /** `[object IdentityKey]`. */
  toJSON(): string;
}

/**
 * A current secret and, during a rotation, the previous one. It signs with the current one and
 * accepts both.
 *
 * @example
 * const stale = await generateIdentityHmac('visitor_1', "last year's secret");
 * const keyring = new Keyring("this year's secret", "last year's secret");
 * assert.equal(await keyring.matched('visitor_1', stale), 'previous');
 */
export declare class Keyring {
  /**
   * @param current the secret to sign with, or a key that was prepared from it
   * @param previous the secret that is still accepted; none if undefined or null
   * @throws {IdentityHmacError} `empty_secret`
   * @throws {TypeError} if an argument is of another type
   */
  constructor(current: Secret | IdentityKey, previous?: Secret | IdentityKey | null);

  /**
   * Signs `visitorId` with the current key.
   *
   * @throws {IdentityHmacError} `empty_visitor_id`
   * @throws {TypeError} if `visitorId` is neither a string nor a `Uint8Array`
   */
  sign(visitorId: Bytes): Promise<string>;

  /** Whether either key signed `visitorId` as `hmac`. Never rejects, whatever it is given. */
  verify(visitorId: unknown, hmac: unknown): Promise<boolean>;

  /**
   * Verifies like {@link Keyring.verify}, and says which key it was. So you know when nobody needs the
   * previous secret any more. `null` means that the hmac must be refused.
   */
  matched(visitorId: unknown, hmac: unknown): Promise<'current' | 'previous' | null>;

  /** `[object Keyring]`. */
  toJSON(): string;
}
