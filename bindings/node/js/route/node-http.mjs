// What Express and Fastify have in common: the requests and answers of `node:http`.

/**
 * The facts of a request whose URL, as it was sent, is `url`. `remainingPathOf` says what of its path
 * the framework has not matched.
 */
export function factsOf({ method, headers }, url, remainingPathOf) {
  const [, path, query] = /^([^?#]*)\??([^#]*)/.exec(url);
  return {
    method,
    // A character for each byte.
    query: Buffer.from(query, 'latin1'),
    secFetchSite: headers['sec-fetch-site'],
    remainingPath: remainingPathOf(path),
  };
}

/** A framework that is not strict takes `/x/` for `/x`. */
export function slashBehind(path, routePath) {
  return path.endsWith('/') && !routePath.endsWith('/') ? '/' : '';
}

/** The header `Vary` with Cookie, beside what stands there. */
export function varyOnCookie(value) {
  const names = [value ?? []].flat().join(', ');
  if (/(?:^|,)\s*(?:cookie|\*)\s*(?:,|$)/i.test(names)) {
    return names;
  }
  return names ? `${names}, Cookie` : 'Cookie';
}
