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
  | 'ill_formed_text'
  | 'invalid_input'
  | 'malformed_token_key'
  | 'max_lifetime_out_of_range'
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
  | 'token_key_as_secret'
  | 'token_key_unset'
  | IdentityTokenErrorCode;

/**
 * Input that is refused before anything is signed. Neither the message nor any property carries
 * the secret, the visitor id or a claim.
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
 * The text of a new identity token key: `itk_`, an id of 8 hexadecimal digits, `_`, and 32 random
 * bytes as 64 digits. The vendor makes the keys that count; this is for tests.
 *
 * @example
 * assert.match(await generateTokenKey(), /^itk_[0-9a-f]{8}_[0-9a-f]{64}$/);
 */
export declare function generateTokenKey(): Promise<string>;

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
   * Makes a key from the value of a setting called `name`, with the checks of
   * {@link IdentityKey.fromEnv}. Use it for a secret from a configuration file, a secret manager or a
   * Worker's `env`.
   *
   * @param name what the error calls the setting
   * @param value the value; undefined or null if the setting does not exist
   * @throws {IdentityHmacError} as {@link IdentityKey.fromEnv}
   * @throws {TypeError} if an argument is of another type
   *
   * @example
   * const key = IdentityKey.fromSetting('chat.secret', 's3cret');
   * assert.throws(() => IdentityKey.fromSetting('chat.secret', undefined), { code: 'secret_unset' });
   */
  static fromSetting(name: string, value: Bytes | null | undefined): IdentityKey;

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
   * Makes a keyring from the environment variables called `current` and `previous`, with the checks of
   * {@link IdentityKey.fromEnv}. If the variable `previous` is unset or empty, there is no previous
   * secret: set it during a rotation alone.
   *
   * @throws {IdentityHmacError} as {@link IdentityKey.fromEnv}, for either variable
   * @throws {TypeError} if an argument is not a string
   *
   * @example
   * process.env.SECRET = "this year's secret";
   * process.env.PREVIOUS_SECRET = "last year's secret";
   * const keyring = Keyring.fromEnv('SECRET', 'PREVIOUS_SECRET');
   * const stale = await new IdentityKey("last year's secret").sign('visitor_1');
   * assert.equal(await keyring.matched('visitor_1', stale), 'previous');
   */
  static fromEnv(current: string, previous: string): Keyring;

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

/** The stable names of why an identity token is refused, or not signed. */
export type IdentityTokenErrorCode =
  | 'identity_token_claim'
  | 'identity_token_expired'
  | 'identity_token_invalid'
  | 'identity_token_not_yet_valid'
  | 'identity_token_other_audience'
  | 'identity_token_other_visitor'
  | 'identity_token_revoked'
  | 'invalid_claim'
  | 'token_too_long';

/** The claims of a token that have a meaning. `sub` is the external id. */
export type IdentityTokenField =
  | 'aud'
  | 'email'
  | 'exp'
  | 'iat'
  | 'metadata'
  | 'name'
  | 'nbf'
  | 'sub'
  | 'visitorId';

/** The stable names of what can be wrong with a claim. */
export type IdentityTokenReason =
  | 'address'
  | 'empty'
  | 'json'
  | 'lifetime'
  | 'missing'
  | 'too_long'
  | 'twice'
  | 'type';

/**
 * An identity token that is refused, or claims that are not signed. The message says what is wrong
 * and what to do. It carries no value of a claim but times.
 *
 * Until a token's signature is known to be right there is one code, `identity_token_invalid`. After
 * that the caller holds a token that the backend has signed, and the error is exact.
 *
 * @example
 * const key = new IdentityTokenKey(await generateTokenKey());
 * try {
 *   await key.verify('no token', 'visitor_1');
 * } catch (error) {
 *   assert(error instanceof IdentityTokenError);
 *   assert.equal(error.code, 'identity_token_invalid');
 * }
 */
export declare class IdentityTokenError extends IdentityHmacError {
  /** @param options `code`, by default `identity_token_invalid`, and what else is known */
  constructor(
    message?: string,
    options?: {
      code?: IdentityTokenErrorCode;
      field?: IdentityTokenField;
      reason?: IdentityTokenReason;
      remedy?: string;
      cause?: unknown;
    },
  );
  /** Why, as a name that does not change between versions. */
  code: IdentityTokenErrorCode;
  /** The claim at fault, if the error is about one. */
  field: IdentityTokenField | undefined;
  /** What is wrong with the claim, for the codes `identity_token_claim` and `invalid_claim`. */
  reason: IdentityTokenReason | undefined;
  /** What to do, for a person. The message ends with it. */
  remedy: string | undefined;
}

/**
 * What a backend says of a visitor. An attribute that is undefined is left as it is stored; `null`
 * clears it.
 */
export interface IdentityClaims {
  /** The id that the chat gave the visitor. The token is for this visitor alone. */
  visitorId: string;
  /** Your own id of the user: 1 to 256 characters. Write a number as a string. */
  externalId: string;
  /** The user's display name: at most 256 characters. */
  name?: string | null | undefined;
  /** The user's e-mail address: at most 320 characters. */
  email?: string | null | undefined;
  /** What else you say of the user: an object that JSON can hold, of at most 8 levels. */
  metadata?: Readonly<Record<string, unknown>> | null | undefined;
}

/** How a token is signed. */
export interface SignOptions {
  /** How many seconds the token is valid for: 1 to 86,400, by default 300. */
  expiresIn?: number | undefined;
  /** The organization key (`pk_…`) that the token is for; by default none is named. */
  audience?: string | undefined;
  /** The time of signing, a `Date` or seconds since 1970; by default the clock's. */
  now?: Date | number | undefined;
}

/** How a token is verified. */
export interface VerifyOptions {
  /** The organization key (`pk_…`). A token that names audiences has to name this one. */
  audience?: string | undefined;
  /** The time to verify at, a `Date` or seconds since 1970; by default the clock's. */
  now?: Date | number | undefined;
}

/** What an organization demands of tokens. */
export interface TokenRules {
  /** How many seconds a token may be valid for: 60 to 86,400, by default 3,600. */
  maxLifetime?: number | undefined;
  /** Refuses what was signed before this time, a `Date` or seconds since 1970. */
  tokensValidAfter?: Date | number | undefined;
}

/** What a verified token says. The object and everything in it is frozen. */
export interface VerifiedClaims {
  /** The visitor, for whom alone the token is. */
  readonly visitorId: string;
  /** The backend's own id of the user. */
  readonly externalId: string;
  /** The user's display name: absent if the token does not name it, `null` to clear it. */
  readonly name?: string | null;
  /** The user's e-mail address: absent if the token does not name it, `null` to clear it. */
  readonly email?: string | null;
  /** What else the backend says of the user: absent if nothing, `null` to clear it. */
  readonly metadata?: Readonly<Record<string, unknown>> | null;
  /** When the token was signed, in seconds since 1970; it may have a fraction. */
  readonly issuedAt: number;
  /** When the token expires, in seconds since 1970; it may have a fraction. */
  readonly expiresAt: number;
  /** The id of the key that signed. */
  readonly keyId: string;
}

/**
 * An identity token key, prepared for signing and verifying many tokens. A token is a JSON Web Token
 * (RFC 7519, HS256) in which your backend signs who a visitor is, for a few minutes.
 *
 * The text of a key is `itk_<kid>_<secret>`: 8 and 64 hexadecimal digits, made by the vendor. Any JWT
 * library signs with the same text. No other text is accepted, so the identity verification secret
 * signs no tokens.
 *
 * It shows its type and nothing of the key when it is inspected or serialized, and cannot be cloned
 * or sent to a worker: make one there.
 *
 * @example
 * const key = new IdentityTokenKey(await generateTokenKey());
 * const token = await key.sign(
 *   { visitorId: 'visitor_1', externalId: 'user_123', email: 'jane@example.com' },
 *   { expiresIn: 60 },
 * );
 * const claims = await key.verify(token, 'visitor_1');
 * assert.equal(claims.externalId, 'user_123');
 */
export declare class IdentityTokenKey {
  /**
   * Makes a key from the environment variable `name`, by default `IDENTITY_TOKEN_KEY`.
   *
   * @throws {IdentityHmacError} which names the variable, never the value: `token_key_unset` if it
   * is unset or blank, `malformed_token_key` if it holds anything but a token key
   * @throws {TypeError} if `name` is not a string
   *
   * @example
   * process.env.IDENTITY_TOKEN_KEY = await generateTokenKey();
   * const key = IdentityTokenKey.fromEnv();
   */
  static fromEnv(name?: string): IdentityTokenKey;

  /**
   * Makes a key from the text of a setting called `name`. Use it for a key from a configuration file
   * or a secret manager.
   *
   * @param text the text; undefined or null if the setting does not exist
   * @throws {IdentityHmacError} as {@link IdentityTokenKey.fromEnv}
   * @throws {TypeError} if an argument is of another type
   */
  static fromSetting(name: string, text: Bytes | null | undefined): IdentityTokenKey;

  /**
   * @param text the text of a token key
   * @throws {IdentityHmacError} `malformed_token_key`
   * @throws {TypeError} if `text` is neither a string nor a `Uint8Array`
   */
  constructor(text: Bytes);

  /** The key's id, 8 hexadecimal digits. It is no secret. */
  get keyId(): string;

  /**
   * Signs a token.
   *
   * Sign only what your backend knows of a caller whose session it has authenticated, and a visitor
   * id that this caller's page has sent: anyone with the token can identify as this user on this
   * visitor's page until it expires.
   *
   * @throws {IdentityTokenError} `invalid_claim` for claims that no verifier would accept,
   * `token_too_long` for more than 8,192 characters
   * @throws {IdentityHmacError} `ill_formed_text` for a lone surrogate
   * @throws {TypeError} for a member of a wrong type or with an unknown name
   * @throws {RangeError} for a number that is not a time
   */
  sign(claims: IdentityClaims, options?: SignOptions): Promise<string>;

  /**
   * Verifies `token` for the visitor `visitorId`. Clocks may differ by 60 seconds.
   *
   * @param token anything that a client can send
   * @param visitorId the id of the visitor who sent the token
   * @throws {IdentityTokenError} unless this key signed the token for this visitor and this time
   * @throws {TypeError} if an argument other than `token` is of a wrong type
   * @throws {RangeError} for a number that is not a time
   */
  verify(token: unknown, visitorId: string, options?: VerifyOptions): Promise<VerifiedClaims>;

  /** `[object IdentityTokenKey]`. */
  toJSON(): string;
}

/**
 * The token keys of an organization: one, and during a rotation the previous one, with the
 * organization's rules for tokens. It verifies; the current key signs.
 *
 * @example
 * const previous = new IdentityTokenKey(await generateTokenKey());
 * const current = new IdentityTokenKey(await generateTokenKey());
 * const keyring = new IdentityTokenKeyring(current, previous);
 * const token = await previous.sign({ visitorId: 'visitor_1', externalId: 'user_123' });
 * assert.equal((await keyring.verify(token, 'visitor_1')).keyId, previous.keyId);
 */
export declare class IdentityTokenKeyring {
  /**
   * @param current the text of the key that signs, or a key that was prepared from it
   * @param previous the key whose tokens are still accepted; none if undefined or null
   * @throws {IdentityHmacError} `malformed_token_key`, or `max_lifetime_out_of_range`
   * @throws {TypeError} if an argument is of another type
   * @throws {RangeError} for a number that is not a time
   */
  constructor(
    current: Bytes | IdentityTokenKey,
    previous?: Bytes | IdentityTokenKey | null,
    rules?: TokenRules,
  );

  /** Verifies `token`, as {@link IdentityTokenKey.verify} does, with either key. */
  verify(token: unknown, visitorId: string, options?: VerifyOptions): Promise<VerifiedClaims>;

  /** `[object IdentityTokenKeyring]`. */
  toJSON(): string;
}

/**
 * What a backend says of a user. An attribute that is undefined is left as it is stored; `null`
 * clears it. An hmac says none of them, a token all.
 */
export interface UserAttributes {
  /** The user's display name: at most 256 characters. */
  name?: string | null | undefined;
  /** The user's e-mail address: at most 320 characters. */
  email?: string | null | undefined;
  /** What else you say of the user: an object that JSON can hold, of at most 8 levels. */
  metadata?: Readonly<Record<string, unknown>> | null | undefined;
}

/**
 * The user of a session that your backend has authenticated. Only such an object is signed for.
 *
 * It shows its type and nothing of the user when it is inspected or serialized.
 *
 * @example
 * const user = new User('user_123', { name: 'Jane Doe', email: 'jane@example.com' });
 * assert.equal(String(user), '[object User]');
 * assert.throws(() => new User(''), { code: 'invalid_claim', field: 'sub' });
 */
export declare class User {
  /**
   * @param externalId your own id of the user: 1 to 256 characters. Write a number as a string
   * @param attributes what else a token says of the user. Limits are checked when it is signed
   * @throws {IdentityTokenError} `invalid_claim` if the id is blank or too long, or metadata holds what a
   * token cannot
   * @throws {IdentityHmacError} `ill_formed_text` for a lone surrogate
   * @throws {TypeError} for an argument of a wrong type, or an attribute with an unknown name
   */
  constructor(externalId: string, attributes?: UserAttributes);

  /** `[object User]`. */
  toJSON(): string;
}

/** What a route is made of. `Session` is what your framework gives to `authenticate`. */
export interface ChatIdentityOptions<Session extends unknown[], Key> {
  /**
   * What the route signs with. With an identity key a page gets `{"hmac"}`, with a token key
   * `{"token"}`. A function is called at the first request, and once it has given a key, never again:
   * use one where the program is built without its secrets.
   */
  key: Key | (() => Key | PromiseLike<Key>);
  /**
   * Gives the user of the request's session, and null or undefined if nobody is logged in. Anything
   * else is an error, which is answered with 500. What this function throws goes to the framework.
   *
   * Take the user from the session alone. Whoever takes one from a parameter or a header of the
   * request signs for anybody as anybody.
   */
  authenticate: (
    ...session: Session
  ) => User | null | undefined | PromiseLike<User | null | undefined>;
  /**
   * Which visitor ids are signed, by default UUIDs with hyphens in lower case. A regular expression
   * has to match the whole id. A function gets an id and gives true or false.
   *
   * Allow no more than the chat's ids can be: whatever is allowed is signed for everybody who is
   * logged in.
   */
  visitorId?: RegExp | ((visitorId: string) => boolean) | undefined;
}

/** A type of your framework. Name it if you want it checked. */
// biome-ignore lint/suspicious/noExplicitAny: these types do not need those of a framework.
export type OfFramework = any;

/** The keys of this entry. */
export type SigningKey = IdentityKey | IdentityTokenKey;

/** What a route has beside its function. */
export interface ChatIdentityRoute {
  /**
   * Reads the key, so that a program can check it when it starts.
   *
   * @throws what the function `key` throws
   * @throws {TypeError} if it does not give a key
   */
  ready(): Promise<void>;
}

/** The `Request` of this runtime. It is looked up, so that these types need no others. */
export type WebRequest = typeof globalThis extends { Request: { prototype: infer Found } }
  ? Found
  : { readonly method: string; readonly url: string };

/** The `Response` of this runtime. */
export type WebResponse = typeof globalThis extends { Response: { prototype: infer Found } }
  ? Found
  : { readonly status: number; text(): Promise<string> };

/**
 * Makes the route that a page asks for its visitor's proof: `GET …?visitorId=…`. Let it answer every
 * method of exactly one path. Do not mount it: it does not see the path.
 *
 * It answers 401 if nobody is logged in, and then looks at nothing else; 405 to other methods than
 * GET and HEAD; 403 to a page of another site (`Sec-Fetch-Site`); 400 unless the query holds exactly
 * one visitor id. Errors are problem documents (RFC 9457). No answer may be stored by a cache.
 *
 * @returns a function of a request, and of whatever second argument the framework gives. `authenticate`
 * gets both
 * @throws {TypeError} for an option of a wrong type or with an unknown name
 *
 * @example
 * const route = chatIdentityRoute({
 *   key: new IdentityTokenKey(await generateTokenKey()),
 *   authenticate: (request, session) => session.userId && new User(session.userId),
 * });
 * const visitor = 'https://shop.example/api/chat-identity?visitorId=0190f7a2-7c4e-7b1a-9d55-3f1c2b6a8e90';
 * const answer = await route(new Request(visitor), { userId: 'user_123' });
 * assert.equal(answer.status, 200);
 * assert.equal((await route(new Request(visitor), {})).status, 401);
 */
export declare function chatIdentityRoute<Context = OfFramework>(
  options: ChatIdentityOptions<[request: WebRequest, context: Context], SigningKey>,
): ((request: WebRequest, context?: Context) => Promise<WebResponse>) & ChatIdentityRoute;
