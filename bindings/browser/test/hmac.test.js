// getHmac, by which identify() fetches the signature itself.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Browser } from './browser.js';
import { gate } from './gate.js';
import { startService } from './service.js';

let service;
let page;
let api;

beforeEach(async () => {
  service = await startService();
  service.verification = true;
  page = new Browser().open();
  ({ api } = page);
  await api.init({ organizationKey: 'pk_1', serverUrl: service.url });
});
afterEach(() => service.stop());

/** A backend that signs for anybody, and the visitor ids that it was asked for. */
function backend() {
  const asked = [];
  return {
    asked,
    getHmac: async (visitorId) => {
      asked.push(visitorId);
      return service.sign(visitorId);
    },
  };
}

test('getHmac is asked for the visitor id, and what it gives is sent as the hmac', async () => {
  const { asked, getHmac } = backend();
  const { visitorId } = api.getConversation();
  const { hmacVerified } = await api.identify({ name: 'Jane', getHmac });
  assert.equal(hmacVerified, true);
  assert.deepEqual(asked, [visitorId]);
  const hmac = service.sign(visitorId);
  assert.deepEqual(service.to('/v1/identify')[0].body, { name: 'Jane', hmac });

  const getHmacNow = () => hmac;
  assert.equal((await api.identify({ getHmac: getHmacNow, hmac: undefined })).hmacVerified, true);
});

test('identify with getHmac sends the parameters as they were at the time of the call', async () => {
  const metadata = { plan: 'premium' };
  const call = api.identify({
    metadata,
    getHmac: async (visitorId) => {
      metadata.plan = 'free';
      return service.sign(visitorId);
    },
  });
  assert.deepEqual((await call).metadata, { plan: 'premium' });
});

test('calls with getHmac are sent in their order, also where it is slow', async () => {
  const { open, opened } = gate();
  const slow = api.identify({
    name: 'Jane',
    getHmac: async (visitorId) => {
      await opened;
      return service.sign(visitorId);
    },
  });
  const fast = api.identify({ name: 'Joan', getHmac: backend().getHmac });
  open();
  await Promise.all([slow, fast]);
  assert.deepEqual(
    service.to('/v1/identify').map(({ body }) => body.name),
    ['Jane', 'Joan'],
  );
});

test('getHmac is asked again, once, for the visitor that takes over from one that is not known', async () => {
  const before = api.getConversation();
  service.visitors.clear();
  const { asked, getHmac } = backend();
  const { anonymousUserId, hmacVerified } = await api.identify({ name: 'Jane', getHmac });
  const after = api.getConversation();
  assert.notDeepEqual(after, before);
  assert.deepEqual(asked, [before.visitorId, after.visitorId]);
  assert.deepEqual([anonymousUserId, hmacVerified], [after.visitorId, true]);

  // A service that knows no visitor is not asked forever.
  service.intercept = async ({ path }) =>
    path === '/v1/identify' && { status: 401, body: { code: 'invalid_visitor_token' } };
  asked.length = 0;
  await assert.rejects(api.identify({ name: 'Jane', getHmac }), { code: 'visitor_changed' });
  assert.equal(asked.length, 2);
});

test('getHmac is not asked for the visitor that comes after a log-out', async () => {
  const { asked, getHmac } = backend();
  const { open, opened } = gate();
  const call = api.identify({
    name: 'Jane',
    getHmac(visitorId) {
      open();
      return getHmac(visitorId);
    },
  });
  await opened;
  await api.reset();
  await assert.rejects(call, { code: 'visitor_changed' });
  assert.equal(asked.length, 1);
  assert.equal(service.to('/v1/identify').length, 0);
});

test('what getHmac throws is the cause of hmac_unavailable, and nothing is sent', async () => {
  const cause = new Error('the backend answered 401');
  for (const getHmac of [
    async () => {
      throw cause;
    },
    () => {
      throw cause;
    },
  ]) {
    await assert.rejects(api.identify({ name: 'Jane', getHmac }), {
      name: 'IdentityError',
      code: 'hmac_unavailable',
      message: 'getHmac failed; see the cause',
      cause,
    });
  }
  assert.equal(service.to('/v1/identify').length, 0);
});

test('a getHmac that gives no text, as after a 401 that nobody noticed, is hmac_unavailable', async () => {
  for (const hmac of [undefined, null, '', 5, {}]) {
    await assert.rejects(api.identify({ name: 'Jane', getHmac: async () => hmac }), {
      code: 'hmac_unavailable',
      cause: new Error("getHmac gave no text; check your backend's answer"),
    });
  }
  assert.equal(service.to('/v1/identify').length, 0);
});

test('getHmac that never comes to an end does not keep the calls after it', async () => {
  const { open, opened } = gate();
  const getHmac = () => {
    open();
    return new Promise(() => {});
  };
  const stuck = api.identify({ name: 'Jane', getHmac });
  const next = api.identify({ name: 'Joan', getHmac: backend().getHmac });
  await opened;
  page.expire();
  await assert.rejects(stuck, ({ code, cause }) => {
    assert.equal(cause.message, 'getHmac took longer than 10000 ms');
    return code === 'hmac_unavailable';
  });
  assert.equal((await next).name, 'Joan');
});

test('hmac and getHmac together, and a getHmac that is not a function, are refused', async () => {
  const hmac = service.sign(api.getConversation().visitorId);
  for (const params of [
    { hmac, getHmac: () => hmac },
    { hmac: null, getHmac: () => hmac },
    { getHmac: hmac },
    { getHmac: null },
    { getHmac: Promise.resolve(hmac) },
  ]) {
    await assert.rejects(api.identify(params), { code: 'invalid_request', field: 'getHmac' });
  }
  assert.equal(service.to('/v1/identify').length, 0);
});
