/** The route for frameworks that take a function from a Request to a Response. */
export function declareWeb(guard) {
  return function chatIdentityRoute(options) {
    const { answer, ready } = guard(options);

    async function handle(request, context) {
      const { method, url, headers } = request;
      const facts = {
        method,
        query: /^[^?#]*\??([^#]*)/.exec(url)[1],
        secFetchSite: headers.get('sec-fetch-site') ?? undefined,
        // Whoever calls this function has matched the path.
        remainingPath: '',
      };
      const answered = await answer(facts, request, context);
      return new Response(method === 'HEAD' ? null : answered.body, answered);
    }

    return Object.assign(handle, { ready });
  };
}
