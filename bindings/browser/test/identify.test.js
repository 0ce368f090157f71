// identify() and getIdentity(), where nothing goes wrong.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Browser } from './browser.js';
import { gate } from './gate.js';
import { startService } from './service.js';

let service;
let api;
let options;

beforeEach(async () => {
  service = await startService();
  options = { organizationKey: 'pk_1', serverUrl: service.url };
  ({ api } = new Browser().open());
});
afterEach(() => service.stop());

const PARAMS = {
  name: 'Jane Doe',
  email: 'jane@example.com',
  externalId: 'user_123',
  metadata: { plan: 'premium', signupDate: '2025-01-15' },
};

test("identify sends what it is given with the visitor's token, and resolves to the record", async () => {
  const { visitorId } = await api.init(options);
  const { id, ...identity } = await api.identify(PARAMS);
  assert.equal(typeof id, 'string');
  assert.deepEqual(identity, { anonymousUserId: visitorId, ...PARAMS, hmacVerified: false });

  const [{ method, headers, body }] = service.to('/v1/identify');
  assert.equal(method, 'POST');
  assert.equal(headers['content-type'], 'application/json');
  assert.deepEqual(headers.authorization, `Bearer ${[...service.visitors.keys()][0]}`);
  assert.deepEqual(body, PARAMS);
});

test('identify with the hmac for this visitor id is verified', async () => {
  service.verification = true;
  const { visitorId } = await api.init(options);
  const { hmacVerified } = await api.identify({ name: 'Jane', hmac: service.sign(visitorId) });
  assert.equal(hmacVerified, true);
});

test('identify that is called while init is under way waits for it', async () => {
  const starting = api.init(options);
  const { anonymousUserId } = await api.identify({ name: 'Jane' });
  assert.equal(anonymousUserId, (await starting).visitorId);
});

test('what is absent is not sent, and null is', async () => {
  await api.init(options);
  await api.identify({ name: null, email: undefined });
  assert.deepEqual(service.requests.at(-1).body, { name: null });
});

test('a value that only the service refuses is sent as it is', async () => {
  await api.init(options);
  for (const params of [{ nickname: 'J' }, { name: 'x'.repeat(300) }, { hmac: '' }]) {
    await api.identify(params);
    assert.deepEqual(service.requests.at(-1).body, params);
  }
});

test('calls are sent one after the other in their order, even where one fails', async () => {
  await api.init(options);
  let underWay = 0;
  const order = [];
  service.intercept = async ({ body }) => {
    underWay += 1;
    order.push([body.name, underWay]);
    await new Promise((resolve) => setTimeout(resolve, 20 / order.length));
    underWay -= 1;
    return body.name === 'two' ? { status: 500, body: { code: 'internal' } } : undefined;
  };
  const calls = ['one', 'two', 'three', 'four'].map((name) => api.identify({ name }));
  const settled = await Promise.allSettled(calls);
  assert.deepEqual(order, [
    ['one', 1],
    ['two', 1],
    ['three', 1],
    ['four', 1],
  ]);
  assert.deepEqual(
    settled.map(({ value, reason }) => value?.name ?? reason.code),
    ['one', 'internal', 'three', 'four'],
  );
});

test('identify sends the parameters as they were at the time of the call', async () => {
  await api.init(options);
  const held = gate();
  service.intercept = () => held.opened;
  const first = api.identify({ name: 'first' });
  const params = { metadata: { plan: 'premium' } };
  const second = api.identify(params);
  params.metadata.plan = 'free';
  held.open();
  await first;
  assert.deepEqual((await second).metadata, { plan: 'premium' });
});

test('getIdentity has the record after a reload, and null before the first identify', async () => {
  const browser = new Browser();
  const before = browser.open();
  await before.api.init(options);
  assert.equal(await before.api.getIdentity(), null);
  const identity = await before.api.identify(PARAMS);

  const after = browser.open();
  await after.api.init(options);
  assert.deepEqual(await after.api.getIdentity(), identity);
  assert.equal(service.requests.at(-1).method, 'GET');
});

test('getIdentity that is called after identify has what it wrote', async () => {
  await api.init(options);
  api.identify({ name: 'Jane' });
  assert.equal((await api.getIdentity()).name, 'Jane');
});

test('the functions need no this', async () => {
  const { init, identify, getConversation, getIdentity, reset } = api;
  await init(options);
  await identify({ name: 'Jane' });
  assert.equal((await getIdentity()).name, 'Jane');
  await reset();
  assert.notEqual(getConversation(), null);
});
