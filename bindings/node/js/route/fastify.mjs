import { factsOf, slashBehind, varyOnCookie } from './node-http.mjs';

/** The route as a plug-in of Fastify: `app.register(plugin, { path, ...options })`. */
export function declareFastify(guard) {
  async function chatIdentityRoute(app, { path, prefix: _, ...options }) {
    const { answer, ready } = guard(options);
    app.addHook('onReady', ready);

    async function handle(request, reply) {
      const remainingPath = (path) => slashBehind(path, request.routeOptions.url);
      // Also on the answer to an error, which the application makes.
      reply.header('cache-control', 'no-store');
      reply.header('vary', varyOnCookie(reply.getHeader('vary')));
      const facts = factsOf(request.raw, request.originalUrl, remainingPath);
      const answered = await answer(facts, request, reply);
      for (const [name, value] of answered.headers) {
        if (name !== 'vary') {
          reply.header(name, value);
        }
      }
      return reply.code(answered.status).send(answered.body);
    }

    app.route({
      method: app.supportedMethods,
      url: path,
      // Before Fastify reads a body, which may be malformed. GET and HEAD have none, so that they are
      // answered behind every hook, each of which may log somebody in.
      onRequest: async (request, reply) => (isRead(request) ? undefined : handle(request, reply)),
      handler: handle,
    });
  }

  // What fastify-plugin does: the route sees the hooks and decorators that stand beside it.
  return Object.assign(chatIdentityRoute, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'identity-hmac',
    [Symbol.for('plugin-meta')]: { name: 'identity-hmac', fastify: '>=4' },
  });
}

function isRead({ method }) {
  return method === 'GET' || method === 'HEAD';
}
