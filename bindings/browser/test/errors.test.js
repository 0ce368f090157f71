// What goes wrong, what it is called, and what is tried again.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { Browser } from './browser.js';
import { problem, startService } from './service.js';

let service;
let options;
let page;
let api;

beforeEach(async () => {
  service = await startService();
  options = { organizationKey: 'pk_1', serverUrl: service.url };
  page = new Browser().open();
  ({ api } = page);
});
afterEach(() => service.stop());

/** Lets the service answer the next requests with these, and then again by itself. */
function answerNext(...answers) {
  service.intercept = async () => answers.shift();
}

test('everything but getConversation rejects before init', async () => {
  const uninitialized = {
    name: 'IdentityError',
    code: 'not_initialized',
    message: 'SDK not initialized: call init() first',
  };
  await assert.rejects(api.identify({ name: 'Jane' }), uninitialized);
  await assert.rejects(api.getIdentity(), uninitialized);
  await assert.rejects(api.reset(), uninitialized);
  assert.equal(api.getConversation(), null);
  assert.equal(service.requests.length, 0);
});

test('an hmac that does not match and a missing one have different codes', async () => {
  service.verification = true;
  await api.init(options);
  await assert.rejects(api.identify({ name: 'Jane', hmac: 'f'.repeat(64) }), {
    code: 'hmac_verification_failed',
    message: 'HMAC verification failed',
  });
  await assert.rejects(api.identify({ name: 'Jane' }), {
    code: 'hmac_required',
    message: 'HMAC required',
  });
  assert.equal(service.to('/v1/identify').length, 2);
});

test('a service that cannot be reached is a network error, and then it recovers', async () => {
  await api.init(options);
  await service.stop();
  await assert.rejects(api.identify({ name: 'Jane' }), {
    code: 'network_error',
    message: `Network error: ${service.url} cannot be reached: check serverUrl; an https page needs https`,
  });
  await service.restart();
  assert.equal((await api.identify({ name: 'Jane' })).name, 'Jane');
});

describe('offline', () => {
  /** The service cannot be reached, and the browser knows why. */
  async function goOffline() {
    await service.stop();
    page.navigator.onLine = false;
  }

  test('is waited for, and what was asked for is done when the browser is online', async () => {
    await api.init(options);
    await goOffline();
    page.window.addEventListener(
      'listens to online',
      async () => {
        await service.restart();
        page.navigator.onLine = true;
        page.window.dispatchEvent(new Event('online'));
      },
      { once: true },
    );
    assert.equal((await api.identify({ name: 'Jane' })).name, 'Jane');
  });

  test('for as long as a request may take is an error, without more attempts', async () => {
    await api.init(options);
    await goOffline();
    page.window.addEventListener('listens to online', () => setTimeout(page.expire));
    await assert.rejects(api.identify({ name: 'Jane' }), {
      code: 'offline',
      message: `Network error: ${service.url} cannot be reached: the browser is offline`,
    });
    assert.deepEqual(page.pauses, []);
    await service.restart();
  });
});

test('identify after an init that failed makes up for it', async () => {
  await service.stop();
  await assert.rejects(api.init(options), { code: 'network_error' });
  await assert.rejects(api.identify({ name: 'Jane' }), { code: 'network_error' });
  await service.restart();
  const { anonymousUserId } = await api.identify({ name: 'Jane' });
  assert.deepEqual(api.getConversation(), { visitorId: anonymousUserId });
});

test('an answer that does not come is given up, tried again, and is a timeout', async () => {
  await api.init(options);
  service.intercept = () => {
    page.expire();
    return new Promise(() => {});
  };
  await assert.rejects(api.identify({ name: 'Jane' }), {
    code: 'timeout',
    message: `Network error: ${service.url} took longer than 10000 ms`,
  });
  assert.equal(service.to('/v1/identify').length, 3);
});

test('an answer that stops halfway is a network error', async () => {
  await api.init(options);
  service.intercept = async () => ({
    status: 200,
    headers: { 'Content-Length': 1000, Connection: 'close' },
    body: '{',
  });
  await assert.rejects(api.identify({ name: 'Jane' }), {
    code: 'network_error',
    message: `Network error: ${service.url} answered 200, but is not the service`,
  });
});

test('the codes of the service come through, unknown_organization among them', async () => {
  await assert.rejects(api.init({ ...options, organizationKey: 'unheard_of' }), {
    code: 'unknown_organization',
    message: 'no organization has this key',
    field: 'organizationKey',
  });
  await api.init(options);
  for (const [status, code] of [
    [403, 'origin_not_allowed'],
    [413, 'too_large'],
    [418, 'a_code_of_later_times'],
    [500, 'internal'],
  ]) {
    const answer = problem(status, code, `about ${code}`);
    answerNext(answer);
    const requestId = answer.headers['X-Request-Id'];
    await assert.rejects(api.identify({}), { code, message: `about ${code}`, requestId });
  }
});

test('an invalid request names the field', async () => {
  await api.init(options);
  answerNext(problem(422, 'invalid_request', 'email is no address', { field: 'email' }));
  await assert.rejects(api.identify({ email: 'jane' }), {
    code: 'invalid_request',
    message: 'email is no address',
    field: 'email',
  });
});

test('identify without an object is an invalid request that says what is needed', async () => {
  await api.init(options);
  for (const params of [undefined, null, 'Jane', 5, 5n, true, [], () => {}, Symbol('Jane')]) {
    await assert.rejects(api.identify(params), {
      code: 'invalid_request',
      message: "params must be an object, such as { name: 'Jane' }",
      field: 'params',
    });
  }
  assert.equal(service.to('/v1/identify').length, 0);
});

test('what does not fit into JSON is an invalid request that names the field, and is not sent', async () => {
  await api.init(options);
  const itself = {};
  itself.itself = itself;
  for (const [field, value] of [
    ['metadata', { balance: 5n }],
    ['metadata', { itself }],
    ['name', 5n],
  ]) {
    await assert.rejects(api.identify({ email: 'jane@example.com', [field]: value }), {
      code: 'invalid_request',
      message: `${field} must be JSON, without BigInt or itself`,
      field,
    });
  }
  assert.equal(service.to('/v1/identify').length, 0);
});

for (const [what, fault] of [
  ['a connection that breaks', 'hang up'],
  ['an unavailable service', problem(503, 'unavailable', 'try again')],
  ['a request that took too long', problem(408, 'request_timeout', 'try again')],
  ['too many requests', problem(429, 'rate_limited', 'try again')],
  ['a gateway without a service', { status: 502, body: '<h1>Bad Gateway</h1>' }],
]) {
  test(`${what} is retried, and the caller does not notice`, async () => {
    answerNext(fault, fault);
    await api.init(options);
    answerNext(fault, fault);
    assert.equal((await api.identify({ name: 'Jane' })).name, 'Jane');
    assert.equal(service.to('/v1/identify').length, 3);
    assert.equal(service.visitors.size, 1);
  });

  test(`${what} is an error after three attempts`, async () => {
    await api.init(options);
    service.intercept = async () => fault;
    const code = fault.body?.code ?? 'network_error';
    const error = await api.identify({ name: 'Jane' }).catch((error) => error);
    assert.deepEqual([error.code, error.retryAfter], [code, undefined]);
    assert.equal(service.to('/v1/identify').length, 3);
    // Random, within bounds that double.
    assert.equal(page.pauses.length, 2);
    assert(page.pauses[0] <= 600);
    assert(page.pauses[1] <= 1200);
  });
}

test('an error that would come again is not retried', async () => {
  await api.init(options);
  for (const status of [403, 413, 422, 500]) {
    service.requests.length = 0;
    answerNext(problem(status, 'some_code', 'no'));
    await assert.rejects(api.identify({}), { code: 'some_code' });
    assert.equal(service.requests.length, 1);
  }
});

test('a short Retry-After is waited for', async () => {
  await api.init(options);
  answerNext(
    problem(429, 'rate_limited', 'slow down', { retryAfter: 2 }),
    problem(503, 'unavailable', 'restarting', { retryAfter: 5 }),
  );
  assert.equal((await api.identify({ name: 'Jane' })).name, 'Jane');
  assert(page.pauses[0] >= 2000);
  assert(page.pauses[1] >= 5000);
});

test('a long Retry-After is an error at once, with the seconds', async () => {
  await api.init(options);
  answerNext(problem(429, 'rate_limited', 'slow down', { retryAfter: 60 }));
  await assert.rejects(api.identify({}), {
    code: 'rate_limited',
    message: 'slow down',
    retryAfter: 60,
  });
  assert.equal(service.to('/v1/identify').length, 1);
});

test('a Retry-After that is a date counts as none', async () => {
  await api.init(options);
  const retryAfter = 'Wed, 21 Oct 2026 07:28:00 GMT';
  answerNext(problem(429, 'rate_limited', 'slow down', { retryAfter }));
  assert.equal((await api.identify({ name: 'Jane' })).name, 'Jane');
});

for (const [what, answer] of [
  ['a page', { status: 200, body: '<h1>Welcome to our Wi-Fi</h1>' }],
  ['nothing', { status: 200, body: '' }],
  ['null', { status: 200, body: 'null' }],
  ["somebody else's error", { status: 400, body: { message: 'Jane Doe?' } }],
  ['a redirection', { status: 302, headers: { Location: '/v1/visitors' }, body: '' }],
]) {
  test(`${what} in the service's place is a network error`, async () => {
    await api.init(options);
    service.intercept = async () => answer;
    await assert.rejects(api.identify({ name: 'Jane' }), (error) => {
      assert.equal(error.code, 'network_error');
      assert.match(error.message, new RegExp(`^Network error: ${service.url} `));
      assert.doesNotMatch(error.message, /Jane/);
      return true;
    });
    assert.equal(service.to('/v1/visitors').length, 1);
  });
}

test('no error carries the hmac, the token, or what was said about the visitor', async () => {
  await api.init(options);
  const [[visitorToken]] = service.visitors;
  const hmac = 'f'.repeat(64);
  const params = { name: 'Jane Doe', email: 'jane@example.com', metadata: { plan: 'gold' }, hmac };
  const secrets = new RegExp([visitorToken, hmac, 'Jane', 'jane@', 'gold'].join('|'));
  service.verification = true;
  for (const fault of [
    undefined,
    'hang up',
    problem(429, 'rate_limited', 'slow down'),
    problem(503, 'unavailable', 'restarting'),
    { status: 200, body: 'Jane' },
    { status: 400, body: { name: 'Jane' } },
  ]) {
    service.intercept = async () => fault;
    await assert.rejects(api.identify(params), (error) => {
      assert.doesNotMatch(inspect(error, { showHidden: true, depth: 9 }), secrets);
      assert.doesNotMatch(JSON.stringify(error), secrets);
      return error.name === 'IdentityError';
    });
  }
  service.intercept = async () => false;
  service.visitors.clear();
  await assert.rejects(api.identify(params), (error) => {
    assert.doesNotMatch(inspect(error, { showHidden: true, depth: 9 }), secrets);
    return error.code === 'visitor_changed';
  });
});
