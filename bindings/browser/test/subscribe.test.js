// subscribe(): who hears when the conversation changes.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Browser } from './browser.js';
import { startService } from './service.js';

let service;
let options;
let browser;

beforeEach(async () => {
  service = await startService();
  options = { organizationKey: 'pk_1', serverUrl: service.url };
  browser = new Browser();
});
afterEach(() => service.stop());

/** Subscribes to a page's conversation; what it hears is in `heard`. */
function listenTo(api) {
  const heard = [];
  const unsubscribe = api.subscribe((conversation) => heard.push(conversation));
  return { heard, unsubscribe };
}

/** Events between pages, and microtasks, have been delivered. */
async function delivered() {
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => setTimeout(resolve));
  }
}

test('subscribers hear of the first visitor, and of each that takes over, in this tab', async () => {
  const { api } = browser.open();
  const { heard } = listenTo(api);
  const first = await api.init(options);
  const second = await api.reset();
  await setImmediate();
  assert.deepEqual(heard, [first, null, second]);

  await api.init(options);
  await api.identify({ name: 'Jane' });
  api.getConversation();
  await setImmediate();
  assert.equal(heard.length, 3);
});

test('subscribers hear what another tab has done, and of nothing else', async () => {
  const { api } = browser.open();
  await api.init(options);
  const { heard } = listenTo(api);
  const other = browser.open().api;
  await other.init(options);
  const visitor = await other.reset();
  await delivered();
  assert.deepEqual(heard, [null, visitor]);
  assert.equal(service.to('/v1/visitors').length, 2);
});

test('subscribers hear neither of other data in storage nor of what is said about the visitor', async () => {
  const page = browser.open();
  await page.api.init(options);
  const { heard } = listenTo(page.api);
  const other = browser.open();
  await other.api.init(options);
  await other.api.identify({ externalId: 'user_123' });
  await other.api.init({ ...options, organizationKey: 'pk_2' });
  const asked = service.requests.length;
  for (let turn = 0; turn < 150; turn++) {
    page.window.dispatchEvent(Object.assign(new Event('storage'), { key: `cart-${turn}` }));
  }
  await delivered();
  assert.deepEqual(heard, []);
  assert.equal(service.requests.length, asked);
});

test('subscribers hear when storage was cleared, and when the page was away in the meantime', async () => {
  const page = browser.open();
  const before = await page.api.init(options);
  const { heard } = listenTo(page.api);
  browser.localStorage.clear();
  page.window.dispatchEvent(Object.assign(new Event('storage'), { key: null }));
  await page.api.init(options);
  await setImmediate();
  assert.deepEqual(heard, [null, page.api.getConversation()]);
  assert.notDeepEqual(page.api.getConversation(), before);

  browser.localStorage.clear();
  page.window.dispatchEvent(new Event('pageshow'));
  await page.api.init(options);
  await setImmediate();
  assert.equal(heard.length, 4);
});

test('a listener that has unsubscribed hears nothing, and the others go on', async () => {
  const { api } = browser.open();
  const listener = () => heard.push('same');
  const heard = [];
  const unsubscribe = api.subscribe(listener);
  api.subscribe(listener);
  unsubscribe();
  unsubscribe();
  await api.init(options);
  await setImmediate();
  assert.deepEqual(heard, ['same']);
});

test('a page without subscribers does not act on the events of others', async () => {
  const page = browser.open();
  await page.api.init(options);
  page.api.subscribe(() => {})();
  await browser.open().api.init(options);
  browser.localStorage.clear();
  page.window.dispatchEvent(Object.assign(new Event('storage'), { key: null }));
  await delivered();
  assert.equal(service.to('/v1/visitors').length, 1);
});

test('getConversation is the same object as long as nothing changes, as React wants it', async () => {
  const { api } = browser.open();
  assert.equal(api.getConversation(), null);
  await api.init(options);
  assert.equal(api.getConversation(), api.getConversation());
});

test('a listener that is not a function is refused with its field', () => {
  for (const listener of [undefined, null, {}, 'log']) {
    assert.throws(() => browser.open().api.subscribe(listener), {
      code: 'invalid_request',
      field: 'listener',
    });
  }
});
