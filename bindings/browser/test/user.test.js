// Another user on the visitor of the last one, as when somebody else logs in without a log-out.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Browser } from './browser.js';
import { gate } from './gate.js';
import { startService } from './service.js';

const JANE = { name: 'Jane', email: 'jane@example.com', externalId: 'user_123' };
const ZOE = { name: 'Zoë', externalId: 'user_456' };

let service;
let options;
let browser;

beforeEach(async () => {
  service = await startService();
  options = { organizationKey: 'pk_1', serverUrl: service.url, onUserChange: 'reset' };
  browser = new Browser();
});
afterEach(() => service.stop());

async function open(more) {
  const { api } = browser.open();
  await api.init({ ...options, ...more });
  return api;
}

/** All records, by the name that was given for them. */
const records = () =>
  Array.from(service.visitors.values(), ({ record }) => record)
    .filter(Boolean)
    .map(({ name, email, externalId }) => ({ name, email, externalId }));

test('the visitor of another user is left alone, and the user gets a new one', async () => {
  const api = await open();
  const before = await api.identify(JANE);
  const after = await api.identify(ZOE);
  assert.notEqual(after.anonymousUserId, before.anonymousUserId);
  assert.equal(after.email, null);
  assert.deepEqual(api.getConversation(), { visitorId: after.anonymousUserId });
  assert.deepEqual(records(), [JANE, { ...ZOE, email: null }]);
});

test('the same holds on a page that was loaded later, and in another tab', async () => {
  const first = await open();
  await first.identify(JANE);
  const second = await open();
  const { anonymousUserId } = await second.identify(ZOE);
  assert.deepEqual(first.getConversation(), { visitorId: anonymousUserId });
  assert.equal((await first.identify(ZOE)).anonymousUserId, anonymousUserId);
});

test('getHmac is asked for the new visitor', async () => {
  service.verification = true;
  const asked = [];
  const getHmac = async (visitorId) => {
    asked.push(visitorId);
    return service.sign(visitorId);
  };
  const api = await open();
  const before = await api.identify({ ...JANE, getHmac });
  const after = await api.identify({ ...ZOE, getHmac });
  assert.equal(after.hmacVerified, true);
  assert.deepEqual(asked, [before.anonymousUserId, after.anonymousUserId]);
});

test('an hmac for the last visitor rejects with visitor_changed, once there is a new one', async () => {
  service.verification = true;
  const api = await open();
  const before = api.getConversation();
  const hmac = service.sign(before.visitorId);
  await api.identify({ ...JANE, hmac });
  await assert.rejects(api.identify({ ...ZOE, hmac }), { code: 'visitor_changed' });
  const after = api.getConversation();
  assert.notDeepEqual(after, before);
  assert.equal(service.to('/v1/identify').length, 1);
  const { hmacVerified } = await api.identify({ ...ZOE, hmac: service.sign(after.visitorId) });
  assert.equal(hmacVerified, true);
});

test('the same user, one without an id, and the first one keep the visitor', async () => {
  const api = await open();
  const { visitorId } = api.getConversation();
  for (const params of [{ name: 'J' }, JANE, JANE, { name: 'Jane Doe' }, { externalId: null }]) {
    assert.equal((await api.identify(params)).anonymousUserId, visitorId);
  }
  // What was Jane's is not the next user's because her id was cleared.
  assert.notEqual((await api.identify(ZOE)).anonymousUserId, visitorId);
});

test('calls that follow at once are for the new visitor, and those before are ended', async () => {
  const api = await open();
  await api.identify(JANE);
  const { open: release, opened } = gate();
  service.intercept = ({ path }) => path === '/v1/identify' && opened;
  const before = api.identify({ name: 'Jane Doe' });
  const after = api.identify(ZOE);
  const read = api.getIdentity();
  await assert.rejects(before, { code: 'visitor_changed' });
  release();
  assert.deepEqual(await read, await after);
});

test('by default the visitor stays, and several calls update one record', async () => {
  const api = await open({ onUserChange: undefined });
  const before = await api.identify(JANE);
  const after = await api.identify(ZOE);
  assert.equal(after.anonymousUserId, before.anonymousUserId);
  assert.deepEqual(records(), [{ ...JANE, ...ZOE }]);
});

test('a page that resets knows the user that a page which updates has identified', async () => {
  const updating = await open({ onUserChange: 'update' });
  await updating.identify(JANE);
  await updating.identify(ZOE);
  const { visitorId } = updating.getConversation();
  const api = await open();
  assert.equal((await api.identify(ZOE)).anonymousUserId, visitorId);
  assert.notEqual((await api.identify(JANE)).anonymousUserId, visitorId);
});

test('init takes onUserChange as it is given now', async () => {
  const api = await open({ onUserChange: 'update' });
  const { anonymousUserId } = await api.identify(JANE);
  await api.init(options);
  assert.notEqual((await api.identify(ZOE)).anonymousUserId, anonymousUserId);
});

test('an identify without an answer counts, since the service may have done it', async () => {
  const { api } = browser.open();
  await api.init(options);
  const before = api.getConversation();
  service.intercept = async ({ path }) => path === '/v1/identify' && 'hang up';
  await assert.rejects(api.identify(JANE), { code: 'network_error' });
  service.intercept = async () => false;
  const next = await open();
  assert.notEqual((await next.identify(ZOE)).anonymousUserId, before.visitorId);
});

test('an identify without an answer also counts if it was to change the user', async () => {
  const updating = await open({ onUserChange: 'update' });
  const { anonymousUserId } = await updating.identify(JANE);
  service.intercept = async ({ path }) => path === '/v1/identify' && 'hang up';
  await assert.rejects(updating.identify(ZOE), { code: 'network_error' });
  service.intercept = async () => false;
  for (const user of [ZOE, JANE]) {
    const api = await open();
    assert.notEqual((await api.identify(user)).anonymousUserId, anonymousUserId);
  }
});

test('an identify that was refused does not count', async () => {
  service.verification = true;
  const api = await open();
  const { visitorId } = api.getConversation();
  await assert.rejects(api.identify(JANE), { code: 'hmac_required' });
  const getHmac = () => Promise.reject(new Error('401'));
  await assert.rejects(api.identify({ ...JANE, getHmac }), { code: 'hmac_unavailable' });
  const { anonymousUserId } = await api.identify({ ...ZOE, hmac: service.sign(visitorId) });
  assert.equal(anonymousUserId, visitorId);
});

test('a new visitor that cannot be made leaves the user no record to go on with', async () => {
  const api = await open();
  const { anonymousUserId } = await api.identify(JANE);
  await service.stop();
  await assert.rejects(api.identify(ZOE), { code: 'network_error' });
  assert.equal(api.getConversation(), null);
  await service.restart();
  assert.notEqual((await api.identify(ZOE)).anonymousUserId, anonymousUserId);
});

test('where storage is denied, it holds for as long as the page lives', async () => {
  const { api } = browser.open({ localStorage: null });
  await api.init(options);
  const { anonymousUserId } = await api.identify(JANE);
  assert.equal((await api.identify(JANE)).anonymousUserId, anonymousUserId);
  assert.notEqual((await api.identify(ZOE)).anonymousUserId, anonymousUserId);
});

test('storage holds nothing of the user that a person can read', async () => {
  const api = await open();
  await api.identify(JANE);
  const { localStorage } = browser;
  const kept = localStorage.getItem(localStorage.key(0));
  const [[visitorToken, { visitorId }]] = service.visitors;
  const { user, ...visitor } = JSON.parse(kept);
  assert.deepEqual(visitor, { visitorId, visitorToken });
  assert(Number.isSafeInteger(user));
  assert.doesNotMatch(kept, /user_123|jane/i);
});
