import { factsOf, slashBehind, varyOnCookie } from './node-http.mjs';

/** The route as a handler of Express, for `app.all(path, handler)`. */
export function declareExpress(guard) {
  return function chatIdentityRoute(options) {
    const { answer, ready } = guard(options);

    async function handle(req, res, next) {
      try {
        await respond(req, res);
      } catch (error) {
        // Express 4 would not notice it.
        next(error);
      }
    }

    async function respond(req, res) {
      // Also on the answer to an error, which the application makes.
      res.setHeader('cache-control', 'no-store');
      res.setHeader('vary', varyOnCookie(res.getHeader('vary')));
      const facts = factsOf(req, req.originalUrl, (path) => remainingPath(req, path));
      const answered = await answer(facts, req, res);
      res.statusCode = answered.status;
      for (const [name, value] of answered.headers) {
        if (name !== 'vary') {
          res.setHeader(name, value);
        }
      }
      res.end(answered.body);
    }

    return Object.assign(handle, { ready });
  };
}

function remainingPath({ route, baseUrl }, path) {
  // `app.use` takes everything below a path, and says no route.
  return route === undefined ? path.slice(baseUrl.length) : slashBehind(path, String(route.path));
}
