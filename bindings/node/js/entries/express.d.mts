/**
 * The guarded route of a backend, for Express.
 *
 * @module
 */

import type { ChatIdentityOptions, ChatIdentityRoute, OfFramework, SigningKey } from './route.mjs';

export {
  type ChatIdentityOptions,
  type ChatIdentityRoute,
  type OfFramework,
  type SigningKey,
  User,
  type UserAttributes,
} from './route.mjs';

/**
 * Makes the route that a page asks for its visitor's proof, as a handler for `app.all(path, handler)`.
 * Use it behind the middleware that makes the session. `authenticate` gets Express's request and
 * response.
 *
 * It answers as the route of `identity-hmac/route` does. What `authenticate` throws goes to `next`. It
 * answers 404 to `path/` and, if it is mounted with `app.use`, to every path below.
 *
 * @throws {TypeError} for an option of a wrong type or with an unknown name
 *
 * @example
 * const route = chatIdentityRoute({
 *   key: new IdentityTokenKey(generateTokenKey()),
 *   authenticate: (req) => req.session.userId && new User(req.session.userId),
 * });
 * await route.ready();
 */
export declare function chatIdentityRoute<Request = OfFramework, Response = OfFramework>(
  options: ChatIdentityOptions<[req: Request, res: Response], SigningKey>,
): ((req: OfFramework, res: OfFramework, next: (error?: unknown) => void) => Promise<void>) &
  ChatIdentityRoute;
