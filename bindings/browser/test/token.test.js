// Identity tokens: identify({ token }), and the identityProvider that fetches them.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Browser } from './browser.js';
import { gate } from './gate.js';
import { problem, startService } from './service.js';

const HOUR = 3_600_000;
const MINUTE = 60_000;

let service;
let browser;

beforeEach(async () => {
  service = await startService();
  browser = new Browser();
});
afterEach(() => service.stop());

/** A page, started with a provider that `answer` stands behind, and what it was asked. */
async function open(answer, { page = browser.open(), ...more } = {}) {
  const asked = [];
  const told = [];
  const { api } = page;
  const options = { organizationKey: 'pk_1', serverUrl: service.url, ...more };
  if (answer) {
    options.identityProvider = async (request) => {
      asked.push(request);
      return answer(request);
    };
  }
  api.on('identityexpired', (error) => told.push(error?.code ?? null));
  const start = () => api.init(options);
  await start();
  await api.getIdentity().catch(() => {});
  const reasons = () => asked.map(({ reason }) => reason);
  return { ...page, start, asked, reasons, told };
}

/** A backend at which this user is logged in. */
const loggedIn =
  (user = 'user_123') =>
  ({ visitorId }) =>
    service.token(visitorId, user);

/** Lets the requests and events that are under way come to an end. */
async function settle({ api }) {
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    await api.getIdentity();
  }
}

async function pass(page, milliseconds) {
  page.pass(milliseconds);
  await settle(page);
}

describe('identify({ token })', () => {
  test('sends the token, and tells what is verified', async () => {
    const { api } = await open();
    const token = service.token(api.getConversation().visitorId);
    const identity = await api.identify({ name: 'Jane', token });
    assert.deepEqual(service.to('/v1/identify')[0].body, { name: 'Jane', token });
    assert.equal(identity.verification.method, 'token');
    assert.deepEqual(identity.verifiedAttributes, ['externalId']);
  });

  test('for another user than the visitor’s makes a new visitor, for which it needs another token', async () => {
    const { api } = await open();
    const before = api.getConversation();
    await api.identify({ token: service.token(before.visitorId) });
    const token = service.token(before.visitorId, 'user_456');
    await assert.rejects(api.identify({ token }), { code: 'visitor_changed' });
    const after = api.getConversation();
    assert.notDeepEqual(after, before);
    await api.identify({ token: service.token(after.visitorId, 'user_456') });
  });

  test('for another user is an error and leaves the visitor alone with onUserChange error', async () => {
    const { api } = await open(undefined, { onUserChange: 'error' });
    const before = api.getConversation();
    await api.identify({ token: service.token(before.visitorId) });
    const token = service.token(before.visitorId, 'user_456');
    const code = 'visitor_belongs_to_another_user';
    await assert.rejects(api.identify({ token }), { code });
    assert.deepEqual(api.getConversation(), before);
  });

  test('with getHmac is refused', async () => {
    const { api } = await open();
    const call = api.identify({ token: 'a', getHmac: () => 'b' });
    await assert.rejects(call, { code: 'invalid_request', field: 'getHmac' });
  });
});

describe('an identityProvider', () => {
  test('is asked at the start, and what comes next is for a verified visitor', async () => {
    const { api, asked } = await open(loggedIn());
    const { externalId, verification } = await api.getIdentity();
    assert.deepEqual([externalId, verification.method], ['user_123', 'token']);
    const [{ visitorId, reason, signal }] = asked;
    assert.deepEqual([{ visitorId }, reason], [api.getConversation(), 'start']);
    assert(signal instanceof AbortSignal);
    assert.equal(service.to('/v1/identify').length, 1);
  });

  test('is asked again when 80 % of the session have passed, whatever the page’s clock says', async () => {
    service.session = HOUR;
    const page = await open(loggedIn());
    await pass(page, 47 * MINUTE);
    assert.deepEqual(page.reasons(), ['start']);
    await pass(page, 2 * MINUTE);
    assert.deepEqual(page.reasons(), ['start', 'refresh']);
    await pass(page, 47 * MINUTE);
    assert.equal(page.asked.length, 2);
    assert.deepEqual(page.told, []);
  });

  test('is asked with expired by a page that slept through the end of the session', async () => {
    const page = await open(loggedIn());
    await pass(page, 30 * HOUR);
    assert.deepEqual(page.reasons(), ['start', 'expired']);
    assert.deepEqual(page.told, []);
  });

  test('is asked once by all pages of a browser when the session is to be refreshed', async () => {
    service.session = HOUR;
    const pages = [];
    for (let tab = 0; tab < 3; tab++) pages.push(await open(loggedIn()));
    for (const page of pages) page.pass(49 * MINUTE);
    for (const page of pages) await settle(page);
    const refreshed = pages.flatMap(({ reasons }) => reasons()).filter((r) => r === 'refresh');
    assert.equal(refreshed.length, 1);
  });

  test('is asked by one call at a time, here and in other pages', async () => {
    let running = 0;
    let most = 0;
    const answer = async (request) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running--;
      return loggedIn()(request);
    };
    const pages = await Promise.all([open(answer), open(answer)]);
    const calls = pages.flatMap(({ api }) => [api.identify({}), api.identify({ name: 'Jane' })]);
    await Promise.all(calls);
    assert.equal(most, 1);
    assert.equal(service.to('/v1/identify').length, 6);
  });

  test('proves each identify that has no proof of its own', async () => {
    const { api, reasons } = await open(loggedIn());
    const identity = await api.identify({ name: 'Jane' });
    assert.deepEqual([identity.name, identity.externalId], ['Jane', 'user_123']);
    const { visitorId } = api.getConversation();
    await api.identify({ token: service.token(visitorId) });
    assert.deepEqual(reasons(), ['start', 'refresh']);
  });

  test('that gives null says nothing, and lets the session lapse', async () => {
    let user = 'user_123';
    const page = await open((request) => user && service.token(request.visitorId, user));
    user = null;
    await pass(page, 20 * HOUR);
    assert.deepEqual([page.reasons(), page.told], [['start', 'refresh'], []]);
    await pass(page, 3.9 * HOUR);
    assert.deepEqual([page.reasons().length, page.told], [2, []]);
    await pass(page, HOUR);
    assert.deepEqual([page.reasons(), page.told], [['start', 'refresh', 'expired'], [null]]);
    await pass(page, 100 * HOUR);
    assert.deepEqual([page.asked.length, page.told], [3, [null]]);
    assert.equal(service.to('/v1/identify').length, 1);

    user = 'user_123';
    await page.start();
    await settle(page);
    assert.equal(page.asked.length, 3);
    await page.api.identify({});
    assert.equal(page.asked.length, 4);
    await pass(page, 20 * HOUR);
    assert.deepEqual([page.asked.length, page.reasons().at(-1)], [5, 'refresh']);
  });

  test('can be taken back, and given again', async () => {
    const page = await open(loggedIn());
    const options = { organizationKey: 'pk_1', serverUrl: service.url };
    await page.api.init(options);
    await pass(page, 20 * HOUR);
    assert.deepEqual(page.reasons(), ['start']);
    await page.start();
    await settle(page);
    assert.deepEqual(page.reasons(), ['start', 'start']);
  });

  test('that gives null where nobody was verified sends and tells nothing', async () => {
    const page = await open(() => null);
    await pass(page, 100 * HOUR);
    assert.deepEqual([page.reasons(), page.told], [['start'], []]);
    assert.deepEqual(service.to('/v1/identify'), []);
    assert.equal((await page.api.identify({ name: 'Jane' })).name, 'Jane');
  });

  for (const [name, fault] of [
    ['a backend that fails', () => Promise.reject(new Error('502'))],
    ['no network', () => answerWith('hang up')],
    ['429', () => answerWith(problem(429, 'rate_limited', 'too many', { retryAfter: 30 }))],
    ['500', () => answerWith(problem(500, 'internal', 'the log says why'))],
  ]) {
    test(`after ${name}, the visitor stays verified, and is refreshed later`, async () => {
      service.session = HOUR;
      let fails = false;
      const page = await open((request) => (fails && fault()) || loggedIn()(request));
      fails = true;
      await pass(page, 48 * MINUTE);
      assert.deepEqual([page.reasons(), page.told], [['start', 'refresh'], []]);
      fails = false;
      service.intercept = async () => false;
      assert.equal((await page.api.getIdentity()).externalId, 'user_123');
      await pass(page, 0.4 * MINUTE);
      assert.equal(page.asked.length, 2);
      await pass(page, 0.2 * MINUTE);
      assert.deepEqual(page.reasons(), ['start', 'refresh', 'refresh']);
      await pass(page, 40 * MINUTE);
      assert.deepEqual([page.asked.length, page.told], [3, []]);
    });
  }

  /** The service answers identify() with this. */
  function answerWith(answer) {
    service.intercept = async ({ path }) => path === '/v1/identify' && answer;
  }

  test('that always fails is asked seven times, and the page hears of the lapse once', async () => {
    service.session = 30 * MINUTE;
    let fails = false;
    const page = await open((request) => {
      if (fails) throw new Error('502');
      return loggedIn()(request);
    });
    fails = true;
    for (const minutes of [24, 1, 2, 3, 5, 9, 17, 60]) await pass(page, minutes * MINUTE);
    assert.equal(page.asked.length, 1 + 7);
    assert.deepEqual(page.told, ['token_unavailable']);
    assert.equal(page.reasons().at(-1), 'expired');
  });

  test('waits longer each time for a service that cannot be reached at the start', async () => {
    service.intercept = async ({ path }) => path === '/v1/visitors' && 'hang up';
    const page = browser.open();
    const reasons = [];
    const identityProvider = ({ visitorId, reason }) => {
      reasons.push(reason);
      return service.token(visitorId);
    };
    const options = { organizationKey: 'pk_1', serverUrl: service.url, identityProvider };
    await assert.rejects(page.api.init(options), { code: 'network_error' });
    const attempts = () => service.to('/v1/visitors').length;
    /** Waits for so many attempts, and for none beside them. */
    const made = async (expected) => {
      while (attempts() < expected) await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(attempts(), expected);
    };
    await made(3);
    for (const [minutes, expected] of [
      [0.4, 3],
      [0.2, 6],
      [0.6, 6],
      [0.6, 9],
    ]) {
      page.pass(minutes * MINUTE);
      await made(expected);
    }
    service.intercept = async () => false;
    page.pass(2 * MINUTE);
    await made(10);
    assert.equal((await page.api.getIdentity()).externalId, 'user_123');
    assert.deepEqual(reasons, ['start']);
  });

  test('whose token is refused is not asked again, and the page hears why', async () => {
    const page = await open(() => service.token('another visitor'));
    await pass(page, HOUR);
    assert.deepEqual([page.reasons(), page.told], [['start'], ['identity_token_other_visitor']]);
  });

  test('of another user than the visitor’s is asked for a new visitor, once', async () => {
    const before = await open(loggedIn());
    const { visitorId } = before.api.getConversation();
    before.api.shutdown();
    const page = await open(loggedIn('user_456'));
    await settle(page);
    const changed = page.api.getConversation();
    assert.notEqual(changed.visitorId, visitorId);
    assert.deepEqual(page.reasons(), ['start', 'new_visitor']);
    assert.equal(page.asked[1].visitorId, changed.visitorId);
    assert.equal((await page.api.getIdentity()).externalId, 'user_456');
    assert.deepEqual(page.told, []);
  });

  test('is not asked for a third visitor, however often the service refuses', async () => {
    service.intercept = async ({ path }) =>
      path === '/v1/identify' && problem(409, 'visitor_belongs_to_another_user', 'another user');
    const page = await open(loggedIn());
    await settle(page);
    await pass(page, HOUR);
    assert.deepEqual(page.reasons(), ['start', 'new_visitor']);
    assert.equal(service.to('/v1/visitors').length, 2);
    assert.deepEqual(page.told, ['visitor_belongs_to_another_user']);
  });

  test('proves an identify again for the new visitor of another user', async () => {
    let user = 'user_123';
    const { api } = await open((request) => service.token(request.visitorId, user));
    user = 'user_456';
    const { name, externalId, anonymousUserId } = await api.identify({ name: 'Zoë' });
    assert.deepEqual([name, externalId], ['Zoë', 'user_456']);
    assert.deepEqual(api.getConversation(), { visitorId: anonymousUserId });
  });

  test('keeps the visitor with onUserChange error, and the page gets the error', async () => {
    const { api } = await open(loggedIn());
    const page = await open(loggedIn('user_456'), { onUserChange: 'error' });
    await settle(page);
    assert.deepEqual(page.api.getConversation(), api.getConversation());
    assert.deepEqual(page.reasons(), ['start']);
    assert.deepEqual(page.told, ['visitor_belongs_to_another_user']);
    assert.equal((await page.api.getIdentity()).externalId, 'user_123');
  });

  test('is asked for the visitor after a reset, in every page', async () => {
    let user = 'user_123';
    const answer = ({ visitorId }) => user && service.token(visitorId, user);
    const [page, other] = [await open(answer), await open(answer)];
    user = null;
    const heard = [];
    other.api.on('visitorchanged', (conversation) => heard.push(conversation));
    await page.api.reset();
    await settle(page);
    await settle(other);
    assert.deepEqual(page.reasons(), ['start', 'new_visitor']);
    assert.deepEqual(other.reasons(), ['start', 'new_visitor']);
    assert.deepEqual(heard.at(-1), page.api.getConversation());
    assert.equal(await page.api.getIdentity(), null);
  });

  test('is not asked any more after shutdown, and its signal is aborted', async () => {
    const { open: arrive, opened: arrived } = gate();
    let signal;
    const page = browser.open();
    const provider = (request) => {
      ({ signal } = request);
      arrive();
      return new Promise(() => {});
    };
    await page.api.init({
      organizationKey: 'pk_1',
      serverUrl: service.url,
      identityProvider: provider,
    });
    await arrived;
    page.api.shutdown();
    assert(signal.aborted);
    page.pass(100 * HOUR);
    assert.equal(service.to('/v1/identify').length, 0);
  });

  test('that never answers is given up like any request', async () => {
    const page = browser.open();
    const { open: arrive, opened: arrived } = gate();
    const identityProvider = () => {
      arrive();
      return new Promise(() => {});
    };
    const options = { organizationKey: 'pk_1', serverUrl: service.url, identityProvider };
    await page.api.init(options);
    await arrived;
    const next = page.api.getIdentity();
    page.expire();
    assert.equal(await next, null);
  });

  test('that is no function is refused by init', async () => {
    const { api } = browser.open();
    const options = { organizationKey: 'pk_1', serverUrl: service.url, identityProvider: 'x' };
    await assert.rejects(api.init(options), { code: 'invalid_request', field: 'identityProvider' });
  });
});
