// Making a visitor, and resuming it.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Browser } from './browser.js';
import { gate } from './gate.js';
import { problem, startService } from './service.js';

let service;
let options;

beforeEach(async () => {
  service = await startService();
  options = { organizationKey: 'pk_1', serverUrl: service.url };
});
afterEach(() => service.stop());

test('init makes a visitor with the organization key, and getConversation has it', async () => {
  const { api } = new Browser().open();
  assert.equal(api.getConversation(), null);
  const conversation = await api.init(options);
  assert.deepEqual(api.getConversation(), conversation);
  assert.deepEqual(
    [...service.visitors.values()],
    [{ visitorId: api.getConversation().visitorId }],
  );
  assert.equal(service.requests[0].headers['x-organization-key'], 'pk_1');
});

test('a conversation cannot be changed', async () => {
  const { api } = new Browser().open();
  const { visitorId } = await api.init(options);
  api.getConversation().visitorId = 'another';
  assert.deepEqual(api.getConversation(), { visitorId });
});

test('a page that is loaded again resumes the visitor at once, and asks for nothing', async () => {
  const browser = new Browser();
  const conversation = await browser.open().api.init(options);
  const { api } = browser.open();
  const starting = api.init(options);
  assert.deepEqual(api.getConversation(), conversation);
  assert.deepEqual(await starting, conversation);
  assert.equal(service.requests.length, 1);
});

test('init again with the same options changes nothing, at the same time or later', async () => {
  const { api } = new Browser().open();
  const conversations = await Promise.all([
    api.init(options),
    api.init({ ...options }),
    api.init({ ...options, serverUrl: `${service.url}/` }),
  ]);
  conversations.push(await api.init(options));
  assert.equal(new Set(conversations.map(({ visitorId }) => visitorId)).size, 1);
  assert.equal(service.requests.length, 1);
});

test('two organizations, and two services, of one origin do not share a visitor', async (t) => {
  const other = await startService();
  t.after(() => other.stop());
  const browser = new Browser();
  const all = [
    options,
    { ...options, organizationKey: 'pk_2' },
    { ...options, serverUrl: other.url },
    { ...options, serverUrl: `${service.url}/pk_1` },
  ];
  service.intercept = async ({ path }) =>
    path.startsWith('/pk_1') && { status: 201, body: { visitorId: 'a', visitorToken: 'vt_a' } };
  const visitorIds = [];
  for (const each of all) {
    visitorIds.push((await browser.open().api.init(each)).visitorId);
  }
  assert.equal(new Set(visitorIds).size, all.length);
  for (const [index, each] of all.entries()) {
    assert.equal((await browser.open().api.init(each)).visitorId, visitorIds[index]);
  }
});

test('init with other options turns the page to their visitor, and back again', async () => {
  const { api } = new Browser().open();
  const first = await api.init(options);
  const second = await api.init({ ...options, organizationKey: 'pk_2' });
  assert.notDeepEqual(second, first);
  assert.deepEqual(api.getConversation(), second);
  assert.deepEqual(await api.init(options), first);
  assert.equal(service.requests.length, 2);
});

test('an init that another one overtakes settles like that one, and leaves no visitor', async () => {
  const browser = new Browser();
  const { api } = browser.open();
  const held = gate();
  service.intercept = ({ headers }) => headers['x-organization-key'] === 'pk_1' && held.opened;
  const first = api.init(options);
  const second = api.init({ ...options, organizationKey: 'pk_2' });
  assert.deepEqual(await first, await second);
  held.open();
  assert.deepEqual(api.getConversation(), await second);
  assert.equal(browser.localStorage.length, 1);
});

test('init can be tried again after it failed, and is then like any other', async () => {
  const { api } = new Browser().open();
  await service.stop();
  await assert.rejects(api.init(options), { code: 'network_error' });
  assert.equal(api.getConversation(), null);
  await service.restart();
  assert.deepEqual(await api.init(options), api.getConversation());
});

test('a visitor that cannot be made is asked for three times', async () => {
  service.intercept = async () => problem(503, 'unavailable', 'restarting');
  await assert.rejects(new Browser().open().api.init(options), { code: 'unavailable' });
  assert.equal(service.requests.length, 3);
});

test('an answer that is not a visitor is not kept', async () => {
  for (const body of [{}, [], 'null', { visitorId: 'a' }, { visitorId: 1, visitorToken: 2 }]) {
    const browser = new Browser();
    service.intercept = async () => ({ status: 201, body });
    await assert.rejects(browser.open().api.init(options), { code: 'network_error' });
    assert.equal(browser.localStorage.length, 0);
  }
});

test('data in storage that is not a visitor is replaced', async () => {
  const browser = new Browser();
  await browser.open().api.init(options);
  const key = browser.localStorage.key(0);
  for (const junk of [
    '',
    'null',
    '5',
    '[]',
    '{"visitorId":"a"',
    '{"visitorId":"a"}',
    '{"visitorId":"a","visitorToken":5}',
    '{"visitorId":"a","visitorToken":"line\\nend"}',
  ]) {
    browser.localStorage.setItem(key, junk);
    const conversation = await browser.open().api.init(options);
    assert.deepEqual(browser.open().api.getConversation(), null);
    assert.deepEqual(await browser.open().api.init(options), conversation);
  }
});

const refuse = () => {
  throw new DOMException('The operation is insecure.', 'SecurityError');
};
const unusable = {
  missing: null,
  denied: { getItem: refuse, setItem: refuse, removeItem: refuse },
  full: { getItem: () => null, setItem: refuse, removeItem() {} },
  forgetful: { getItem: () => null, setItem() {}, removeItem() {} },
};
for (const [kind, localStorage] of Object.entries(unusable)) {
  test(`where storage is ${kind}, the visitor lives as long as the page`, async () => {
    const { api } = new Browser().open({ localStorage });
    const conversation = await api.init(options);
    assert.deepEqual(api.getConversation(), conversation);
    assert.deepEqual(await api.init(options), conversation);
    const { anonymousUserId } = await api.identify({ name: 'Jane' });
    assert.equal(anonymousUserId, conversation.visitorId);

    const afterwards = await api.reset();
    assert.notDeepEqual(afterwards, conversation);
    assert.deepEqual(api.getConversation(), afterwards);
    assert.equal(service.to('/v1/visitors').length, 2);
  });
}

test('storage holds the visitor and nothing that was said about it', async () => {
  const browser = new Browser();
  const { api } = browser.open();
  await api.init(options);
  const hmac = service.sign(api.getConversation().visitorId);
  await api.identify({ name: 'Jane Doe', email: 'jane@example.com', hmac });
  const [[visitorToken, { visitorId }]] = service.visitors;
  const { localStorage } = browser;
  assert.equal(localStorage.length, 1);
  assert.deepEqual(JSON.parse(localStorage.getItem(localStorage.key(0))), {
    visitorId,
    visitorToken,
  });
});

for (const [organizationKey, serverUrl, field] of [
  [undefined, 'https://chat.example.com', 'organizationKey'],
  ['', 'https://chat.example.com', 'organizationKey'],
  [5, 'https://chat.example.com', 'organizationKey'],
  ['pk_\n1', 'https://chat.example.com', 'organizationKey'],
  ['pk_1', undefined, 'serverUrl'],
  ['pk_1', '', 'serverUrl'],
  ['pk_1', '/chat', 'serverUrl'],
  ['pk_1', 'chat.example.com', 'serverUrl'],
  ['pk_1', 'localhost:8080', 'serverUrl'],
  ['pk_1', 'ftp://chat.example.com', 'serverUrl'],
  ['pk_1', 'https://jane:s3cret@chat.example.com', 'serverUrl'],
  ['pk_1', 'https://chat.example.com/?a=b', 'serverUrl'],
  ['pk_1', 'https://chat.example.com/#a', 'serverUrl'],
]) {
  test(`init with ${JSON.stringify({ organizationKey, serverUrl })} names ${field}`, async () => {
    const { api } = new Browser().open();
    await assert.rejects(api.init({ organizationKey, serverUrl }), (error) => {
      assert.equal(error.code, 'invalid_request');
      assert.equal(error.field, field);
      assert.match(error.message, new RegExp(field));
      assert.doesNotMatch(error.message, /s3cret/);
      return true;
    });
    await assert.rejects(api.identify({}), { code: 'not_initialized' });
  });
}

test('init without options, and with wrong ones later, leaves things as they were', async () => {
  const { api } = new Browser().open();
  await assert.rejects(api.init(), { code: 'invalid_request', field: 'organizationKey' });
  const conversation = await api.init(options);
  await assert.rejects(api.init({ ...options, serverUrl: 'no' }), { field: 'serverUrl' });
  assert.deepEqual(api.getConversation(), conversation);
});
