// What the guarded route of every framework answers: the program of a page of docs/frameworks runs at
// ORIGIN, signs with IDENTITY_TOKEN_KEY, and logs Jane in at POST /login.

import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';

const { ORIGIN, IDENTITY_TOKEN_KEY: KEY } = process.env;
const PATH = '/api/chat-identity';
const VISITOR = randomUUID();
const RIGHT = `?visitorId=${VISITOR}`;

const WRONG = {
  'no visitor id': '',
  'an empty one': '?visitorId=',
  'two visitor ids': `${RIGHT}&visitorId=${randomUUID()}`,
  'the same twice': `${RIGHT}&visitorId=${VISITOR}`,
  'a list': `?visitorId[]=${VISITOR}`,
  'a list whose brackets are escaped': `?visitorId%5B%5D=${VISITOR}`,
  'a visitor id and a list': `${RIGHT}&visitorId[]=${VISITOR}`,
  'no UUID': '?visitorId=visitor_1',
  'upper case': `?visitorId=${VISITOR.toUpperCase().replace(/^./, 'A')}`,
  'a line end behind it': `${RIGHT}%0A`,
  'the signed part of a token': '?visitorId=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9',
};
const CROSS_SITE = { 'sec-fetch-site': 'cross-site' };

let cookie;

before(async () => {
  assert(ORIGIN, 'set ORIGIN to the address of a server');
  assert(KEY, 'set IDENTITY_TOKEN_KEY, and export it, so that this test has it too');
  const response = await fetch(`${ORIGIN}/login`, { method: 'POST', redirect: 'manual' });
  assert(response.status < 400, `POST /login: ${response.status} ${await response.text()}`);
  cookie = response.headers.getSetCookie().map((line) => line.split(';')[0]);
  assert(cookie.length > 0, 'POST /login sets no cookie');
  cookie = cookie.join('; ');
});

/** Nothing of an answer tells the key, and only a 200 holds a proof. */
async function ask(path, { headers, ...init } = {}) {
  const response = await fetch(ORIGIN + path, { redirect: 'manual', headers, ...init });
  const text = await response.text();
  const told = text + JSON.stringify([...response.headers]);
  assert(!told.includes(KEY.split('_')[2]), 'the answer tells the key');
  if (response.status !== 200) assert(!/"(?:token|hmac)"/.test(text), `a proof: ${text}`);
  return { status: response.status, headers: response.headers, text };
}

const askAsJane = (path, { headers, ...init } = {}) =>
  ask(path, { headers: { cookie, ...headers }, ...init });

/** The answer is for this session alone, and no cache keeps it. */
function isGuarded({ headers }) {
  assert.match(headers.get('cache-control') ?? '', /(?:^|,\s*)no-store(?:,|$)/);
  assert.match(headers.get('vary') ?? '', /(?:^|,\s*)cookie(?:\s*,|$)/i);
}

function isProblem(answer, status) {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json(?:;|$)/);
  const { title, status: said, detail } = JSON.parse(answer.text);
  assert.equal(said, status);
  assert(title && detail, answer.text);
  isGuarded(answer);
}

describe('nobody is logged in', () => {
  const requests = {
    GET: [PATH + RIGHT],
    POST: [PATH + RIGHT, { method: 'POST' }],
    'POST with a body that is malformed': [
      PATH + RIGHT,
      { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } },
    ],
    'from another site': [PATH + RIGHT, { headers: CROSS_SITE }],
    'with a cookie that says nothing': [PATH + RIGHT, { headers: { cookie: 'session=junk' } }],
  };
  for (const [name, query] of Object.entries(WRONG)) requests[name] = [PATH + query];
  for (const [name, request] of Object.entries(requests)) {
    test(`401: ${name}`, async () => isProblem(await ask(...request), 401));
  }
});

describe('Jane is logged in', () => {
  test('the answer is a token, in which the backend says that she is this visitor', async () => {
    const answer = await askAsJane(PATH + RIGHT, { headers: { 'sec-fetch-site': 'same-origin' } });
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json(?:;|$)/);
    isGuarded(answer);
    const { token, ...others } = JSON.parse(answer.text);
    assert.deepEqual(others, {});

    const [header, payload, signature] = token.split('.');
    const hmac = createHmac('sha256', KEY).update(`${header}.${payload}`).digest('base64url');
    assert.equal(signature, hmac);
    const claims = JSON.parse(Buffer.from(payload, 'base64url'));
    assert.equal(claims.sub, 'user_123');
    assert.equal(claims.visitorId, VISITOR);
    assert.equal(claims.name, 'Jane Doe');
    assert.equal(claims.email, 'jane@example.com');
    assert(Math.abs(claims.iat - Date.now() / 1000) < 60);
    assert.equal(claims.exp - claims.iat, 300);
  });

  test('a program that is no browser gets one too', async () => {
    assert.equal((await askAsJane(PATH + RIGHT)).status, 200);
  });

  test('HEAD is answered as GET, without a body', async () => {
    const head = await askAsJane(PATH + RIGHT, { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(head.text, '');
    assert.match(head.headers.get('content-type') ?? '', /^application\/json(?:;|$)/);
    isGuarded(head);
    assert.equal((await askAsJane(PATH, { method: 'HEAD' })).status, 400);
  });

  for (const method of ['POST', 'PUT', 'DELETE']) {
    test(`405: ${method}, with the methods that are allowed`, async () => {
      const answer = await askAsJane(PATH + RIGHT, { method });
      isProblem(answer, 405);
      const allowed = answer.headers
        .get('allow')
        ?.split(',')
        .map((name) => name.trim());
      assert.deepEqual(allowed?.sort(), ['GET', 'HEAD']);
    });
  }

  test('403: a page of another site', async () => {
    isProblem(await askAsJane(PATH + RIGHT, { headers: CROSS_SITE }), 403);
  });

  for (const [name, query] of Object.entries(WRONG)) {
    test(`400: ${name}`, async () => isProblem(await askAsJane(PATH + query), 400));
  }

  for (const behind of ['/', '/any', '/any/']) {
    test(`no proof at ${behind} behind the path`, async () => {
      const { status, headers } = await askAsJane(PATH + behind + RIGHT);
      if (status >= 300 && status < 400) {
        // Some frameworks redirect from `/x/` to `/x`, or from `/x/any/` to `/x/any`.
        const to = new URL(headers.get('location'), ORIGIN + PATH).pathname;
        assert.equal(`${to}/`, PATH + behind);
      } else {
        assert.equal(status, 404);
      }
    });
  }
});
