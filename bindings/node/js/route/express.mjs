import { factsOf, slashBehind, varyOnCookie } from './node-http.mjs';

/** The route as a handler of Express, for `app.all(path, handler)`. */
export function declareExpress(guard) {
  return function chatIdentityRoute(options) {
    const { answer, ready } = guard(options);

    async function handle(req, res, next) {
      // Also on the answer to an error, which the application makes.
      res.setHeader('cache-control', 'no-store');
      res.setHeader('vary', varyOnCookie(res.getHeader('vary')));
      let answered;
      try {
        answered = await answer(factsOf(req, req.originalUrl, remainingPath), req, res);
      } catch (error) {
        return next(error);
      }
      res.statusCode = answered.status;
      for (const [name, value] of answered.headers) {
        if (name !== 'vary') {
          res.setHeader(name, value);
        }
      }
      res.end(answered.body);

      function remainingPath(path) {
        // `app.use` takes everything below a path, and says no route.
        return req.route === undefined
          ? path.slice(req.baseUrl.length)
          : slashBehind(path, String(req.route.path));
      }
    }

    return Object.assign(handle, { ready });
  };
}
