/**
 * The guarded route of a backend, for frameworks that take a function from a `Request` to a `Response`:
 * Next.js, Hono, Deno, Bun. In a runtime without native addons, such as Cloudflare Workers, import the
 * same names from `identity-hmac/webcrypto`.
 *
 * @module
 */

import type { IdentityKey, IdentityTokenKey } from './index.mjs';

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
 *   key: new IdentityTokenKey(generateTokenKey()),
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
