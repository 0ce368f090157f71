/**
 * The guarded route of a backend, for Fastify.
 *
 * @module
 */

import type { ChatIdentityOptions, OfFramework, SigningKey } from './route.mjs';

export {
  type ChatIdentityOptions,
  type OfFramework,
  type SigningKey,
  User,
  type UserAttributes,
} from './route.mjs';

/** What the plug-in takes: the path of the route, and what it is made of. */
export interface ChatIdentityPluginOptions<Request = OfFramework, Reply = OfFramework>
  extends ChatIdentityOptions<[request: Request, reply: Reply], SigningKey> {
  /** The path that the route answers, such as `/api/chat-identity`. */
  path: string;
}

/**
 * The route that a page asks for its visitor's proof, as a plug-in. `authenticate` gets Fastify's
 * request and reply.
 *
 * It answers as the route of `identity-hmac/route` does. The key is read when Fastify gets ready. Hooks
 * that are registered beside it run before it: to GET and HEAD all of them up to `preHandler`; to other
 * methods those of `onRequest`, since the route answers before Fastify reads a body.
 *
 * @throws {TypeError} for an option of a wrong type or with an unknown name
 *
 * @example
 * const options = {
 *   path: '/api/chat-identity',
 *   key: new IdentityTokenKey(generateTokenKey()),
 *   authenticate: (request) => request.session.userId && new User(request.session.userId),
 * };
 * // await app.register(chatIdentityRoute, options);
 */
export declare function chatIdentityRoute(
  app: OfFramework,
  options: ChatIdentityPluginOptions,
): Promise<void>;
