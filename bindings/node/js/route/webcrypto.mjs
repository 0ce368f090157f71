// The core's module `route`, over again for `identity-hmac/webcrypto`. It has no remaining path: the
// route for a Request does not see what its framework has matched.

import { readExternalId } from '../token/payload.mjs';
import { parseMetadata, refuseToSign, signToken } from '../token/token.mjs';

const MAX_VISITOR_ID_CHARS = 256;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** `none` is a person who opened the address. Old browsers and other programs send no header. */
const OWN_SITES = [undefined, 'same-origin', 'same-site', 'none'];

export function checkUser({ externalId, metadata }) {
  readExternalId({ sub: externalId }, refuseToSign);
  if (metadata !== undefined) {
    parseMetadata(metadata);
  }
}

/** The body of an answer with an hmac. */
export function withHmac(sign) {
  return async (visitorId) => `{"hmac":"${await sign(visitorId)}"}`;
}

/** The body of an answer with a token. */
export function withToken(key) {
  return async (visitorId, { metadata, ...user }, now) => {
    const claims = { ...user, visitorId, metadata: metadata && JSON.parse(metadata) };
    return `{"token":"${await signToken(key, claims, { now })}"}`;
  };
}

export async function respond(write, matches, { method, query, secFetchSite }, user, now) {
  if (user === undefined) {
    return problem(401, 'Unauthorized', 'log in first');
  }
  if (method !== 'GET' && method !== 'HEAD') {
    const answer = problem(405, 'Method Not Allowed', 'the method is not allowed here');
    answer.headers.push(['allow', 'GET, HEAD']);
    return answer;
  }
  if (!OWN_SITES.includes(secFetchSite)) {
    return problem(403, 'Forbidden', 'only pages of this site may ask');
  }
  const visitorId = readVisitorId(query);
  if (visitorId === undefined || !isSigned(visitorId, matches)) {
    const kind = matches === undefined ? 'a UUID' : 'as the chat gave it';
    return problem(400, 'Bad Request', `send one visitorId, ${kind}`);
  }
  return answer(200, 'application/json', await write(visitorId, user, now));
}

/** The visitor id, if the query holds exactly one. `visitorId[]` is another to some frameworks. */
function readVisitorId(query) {
  // An empty parameter in front, since URLSearchParams takes a first `?` away.
  const parameters = [...new URLSearchParams(`&${query}`)];
  const [[name, id] = [], ...others] = parameters.filter(([name]) =>
    /^visitorId(?:\[|$)/.test(name),
  );
  return name === 'visitorId' && others.length === 0 ? id : undefined;
}

function isSigned(id, matches) {
  if (matches === undefined) {
    return UUID.test(id);
  }
  const chars = [...id].length;
  // U+FFFD stands where the query was not UTF-8.
  const isText = chars >= 1 && chars <= MAX_VISITOR_ID_CHARS && !/[\p{Cc}\uFFFD]/u.test(id);
  return isText && matches(id);
}

function problem(status, title, detail) {
  return answer(status, 'application/problem+json', JSON.stringify({ title, status, detail }));
}

function answer(status, contentType, body) {
  return {
    status,
    headers: [
      ['content-type', contentType],
      ['cache-control', 'no-store'],
      ['vary', 'Cookie'],
    ],
    body,
  };
}
