// A small identity service on a real port: what the client can see of identity-hmac-server.
// Its signatures and tokens are random digits that it has handed out: there is nothing to compute here.

import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

const NOTHING = { externalId: null, email: null, name: null, metadata: null };

export async function startService() {
  const service = {
    /** Whether identify() needs a signature. */
    verification: false,
    /** The visitor ids and records by visitor token. */
    visitors: new Map(),
    signatures: new Map(),
    /** The visitor ids and users by token. */
    tokens: new Map(),
    /** How many milliseconds a visitor is verified by a token. */
    session: 86_400_000,
    /** Every request that came in: `{ method, path, headers, body }`. */
    requests: [],
    /** Is asked first; may answer `{ status, headers, body }` in the service's place, or take its time. */
    intercept: async () => false,

    sign(visitorId) {
      const hmac = service.signatures.get(visitorId) ?? randomBytes(32).toString('hex');
      service.signatures.set(visitorId, hmac);
      return hmac;
    },

    /** A token for this visitor alone, which says that it is this user. */
    token(visitorId, user = 'user_123') {
      const token = `token-${randomUUID()}`;
      service.tokens.set(token, { visitorId, user });
      return token;
    },

    /** The requests to `path`. */
    to(path) {
      return service.requests.filter((request) => request.path === path);
    },

    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },

    /** Listens again on the same port. */
    async restart() {
      server.listen(Number(new URL(service.url).port), '127.0.0.1');
      await once(server, 'listening');
    },
  };

  const server = createServer(async (incoming, response) => {
    const { method, url: path, headers } = incoming;
    const body = headers['content-type'] ? await json(incoming) : undefined;
    const request = { method, path, headers, body };
    service.requests.push(request);
    const answer = (await service.intercept(request)) || respond(service, request);
    if (answer === 'hang up') {
      incoming.socket.destroy();
      return;
    }
    const { status, headers: more, body: text } = answer;
    response.writeHead(status, more);
    response.end(typeof text === 'string' ? text : JSON.stringify(text));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  service.url = `http://127.0.0.1:${server.address().port}`;
  return service;
}

/** An answer as RFC 9457 has it. */
export function problem(status, code, detail, { retryAfter, ...more } = {}) {
  return {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      'X-Request-Id': randomUUID(),
      ...(retryAfter !== undefined && { 'Retry-After': retryAfter }),
    },
    body: { type: 'about:blank', status, code, detail, ...more },
  };
}

function respond(service, { method, path, headers, body }) {
  switch (`${method} ${path}`) {
    case 'POST /v1/visitors': {
      if (!headers['x-organization-key']?.startsWith('pk_')) {
        const field = 'organizationKey';
        return problem(401, 'unknown_organization', 'no organization has this key', { field });
      }
      const visitor = { visitorId: randomUUID(), visitorToken: `vt_${randomUUID()}` };
      service.visitors.set(visitor.visitorToken, { visitorId: visitor.visitorId });
      return { status: 201, body: visitor };
    }
    case 'POST /v1/identify':
    case 'GET /v1/identity': {
      const visitor = service.visitors.get(headers.authorization?.replace('Bearer ', ''));
      if (!visitor) {
        return problem(401, 'invalid_visitor_token', 'the visitor token is not valid');
      }
      return method === 'GET' ? readIdentity(visitor) : identify(service, visitor, body);
    }
    default:
      return problem(404, 'not_found', 'there is nothing here');
  }
}

function identify(service, visitor, { hmac, token, ...params }) {
  if (token !== undefined) {
    return identifyByToken(service, visitor, token, params);
  }
  const hmacVerified = service.verification && hmac === service.sign(visitor.visitorId);
  if (service.verification && hmac == null) {
    return problem(403, 'hmac_required', 'HMAC required');
  }
  if (service.verification && !hmacVerified) {
    return problem(403, 'hmac_verification_failed', 'HMAC verification failed');
  }
  visitor.record = {
    id: randomUUID(),
    anonymousUserId: visitor.visitorId,
    ...NOTHING,
    ...visitor.record,
    ...params,
    hmacVerified,
  };
  return readIdentity(visitor);
}

function identifyByToken(service, visitor, token, params) {
  const { visitorId, user } = service.tokens.get(token) ?? {};
  if (visitorId !== visitor.visitorId) {
    return problem(403, 'identity_token_other_visitor', 'the token is for another visitor');
  }
  visitor.user ??= user;
  if (visitor.user !== user) {
    return problem(409, 'visitor_belongs_to_another_user', 'the visitor is another user');
  }
  // By a clock that is not the page's.
  const verifiedAt = Date.parse('2001-01-01T00:00:00Z');
  visitor.record = {
    id: randomUUID(),
    anonymousUserId: visitorId,
    ...NOTHING,
    ...visitor.record,
    ...params,
    externalId: user,
    hmacVerified: true,
    personId: user,
    verification: {
      method: 'token',
      keyId: '9f2c41aa',
      verifiedAt: new Date(verifiedAt).toISOString(),
      verifiedUntil: new Date(verifiedAt + service.session).toISOString(),
    },
    verifiedAttributes: ['externalId'],
    ignored: [],
  };
  return readIdentity(visitor);
}

function readIdentity({ record }) {
  return record ? { status: 200, body: record } : { status: 204, body: '' };
}
