// When the visitor changes: reset(), other tabs, and tokens that the service does not know.
// One person's identity must never get to the visitor that another person uses.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
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

const CHANGED = {
  name: 'IdentityError',
  code: 'visitor_changed',
  message: 'The visitor has changed: call again, with an hmac for the new one',
};

/** The names in the records of all visitors, `undefined` for those without a record. */
const namesByVisitor = () =>
  Object.fromEntries(
    Array.from(service.visitors.values(), ({ visitorId, record }) => [visitorId, record?.name]),
  );

/** Makes the next request to `path` wait at a gate, before the service or after it has acted. */
function hold(path) {
  const arrived = gate();
  const held = gate();
  service.intercept = async (request) => {
    if (request.path === path) {
      service.intercept = async () => false;
      arrived.open(request);
      await held.opened;
    }
  };
  return { arrived: arrived.opened, release: held.open };
}

describe('reset', () => {
  test('gives a new visitor, also to the pages that come', async () => {
    const browser = new Browser();
    const { api } = browser.open();
    const before = await api.init(options);
    await api.identify({ name: 'Jane' });
    const after = await api.reset();
    assert.notDeepEqual(after, before);
    assert.deepEqual(api.getConversation(), after);
    assert.equal(await api.getIdentity(), null);
    assert.deepEqual(await browser.open().api.init(options), after);
  });

  test('before init is an error', async () => {
    await assert.rejects(new Browser().open().api.reset(), { code: 'not_initialized' });
  });

  test('has forgotten the old visitor before it asks for the new one', async () => {
    const browser = new Browser();
    const { api } = browser.open();
    await api.init(options);
    const resetting = api.reset();
    assert.equal(browser.localStorage.length, 0);
    assert.equal(api.getConversation(), null);
    await resetting;
  });

  test('that cannot make a new visitor has forgotten the old one all the same', async () => {
    const browser = new Browser();
    const { api } = browser.open();
    const before = await api.init(options);
    await service.stop();
    await assert.rejects(api.reset(), { code: 'network_error' });
    assert.equal(api.getConversation(), null);
    assert.equal(browser.localStorage.length, 0);

    await service.restart();
    const { anonymousUserId } = await api.identify({ name: 'John' });
    assert.notEqual(anonymousUserId, before.visitorId);
    assert.deepEqual(api.getConversation(), { visitorId: anonymousUserId });
  });

  test('rejects the identify that is under way, and those that wait, and sends them nowhere', async () => {
    const { api, pauses } = new Browser().open();
    const { visitorId } = await api.init(options);
    const { arrived, release } = hold('/v1/identify');
    const calls = [
      api.identify({ name: 'Jane' }),
      api.identify({ name: 'Jane Doe' }),
      api.getIdentity(),
    ];
    await arrived;
    const resetting = api.reset();
    for (const call of calls) {
      await assert.rejects(call, CHANGED);
      assert.deepEqual(api.getConversation(), await resetting);
    }
    assert.deepEqual(pauses, []);
    release();
    await api.identify({ name: 'John' });
    assert.equal(service.to('/v1/identify').length, 2);
    assert.equal(namesByVisitor()[(await resetting).visitorId], 'John');
    assert.notEqual(namesByVisitor()[visitorId], 'Jane Doe');
  });

  test('ends the identify that pauses before it tries again', async () => {
    const paused = gate();
    const { api } = new Browser().open({ pause: paused.open });
    await api.init(options);
    service.intercept = async ({ path }) =>
      path === '/v1/identify' && problem(503, 'unavailable', 'restarting');
    const call = api.identify({ name: 'Jane' });
    await paused.opened;
    await api.reset();
    await assert.rejects(call, CHANGED);
    assert.equal(service.to('/v1/identify').length, 1);
  });

  test('while init is under way ends in one visitor, which both of them have', async () => {
    const browser = new Browser();
    const { api } = browser.open();
    const { arrived, release } = hold('/v1/visitors');
    const starting = api.init(options);
    const call = api.identify({ name: 'Jane' });
    await arrived;
    const resetting = api.reset();
    release();
    assert.deepEqual(await starting, await resetting);
    await assert.rejects(call, CHANGED);
    assert.deepEqual(api.getConversation(), await resetting);
    assert.deepEqual(await browser.open().api.init(options), await resetting);
    assert.equal(service.to('/v1/identify').length, 0);
  });

  test('does not let init resume the visitor of the person before', async () => {
    const browser = new Browser();
    const before = await browser.open().api.init(options);
    const { api } = browser.open();
    const [started, reset] = await Promise.all([api.init(options), api.reset()]);
    assert.deepEqual(started, reset);
    assert.notDeepEqual(reset, before);
  });

  test('twice at once ends in one visitor, and takes nothing from between over', async () => {
    const { api } = new Browser().open();
    await api.init(options);
    const first = api.reset();
    const call = api.identify({ name: 'John' });
    const second = api.reset();
    assert.deepEqual(await first, await second);
    await assert.rejects(call, CHANGED);
    assert.equal(await api.getIdentity(), null);
  });
});

describe('a visitor that the service does not know any more', () => {
  async function openWithStaleVisitor() {
    const browser = new Browser();
    const { api } = browser.open();
    const before = await api.init(options);
    service.visitors.clear();
    return { browser, api, before };
  }

  test('is replaced, and identify rejects instead of using the new one', async () => {
    const { browser, api, before } = await openWithStaleVisitor();
    await assert.rejects(api.identify({ name: 'Jane', hmac: 'for the old id' }), CHANGED);

    const after = api.getConversation();
    assert.notDeepEqual(after, before);
    assert.deepEqual(namesByVisitor(), { [after.visitorId]: undefined });
    assert.deepEqual(await browser.open().api.init(options), after);
    assert.equal((await api.identify({ name: 'Jane' })).anonymousUserId, after.visitorId);
  });

  test('is replaced once, however many calls and pages find out', async () => {
    const { browser, api } = await openWithStaleVisitor();
    const other = browser.open().api;
    await other.init(options);
    const calls = [api, api, other, other].map((each) => each.identify({ name: 'Jane' }));
    for (const call of calls) {
      await assert.rejects(call, CHANGED);
    }
    assert.equal(service.visitors.size, 1);
    assert.deepEqual(api.getConversation(), other.getConversation());
  });

  test('is replaced later if that is not possible now, and identify rejects all the same', async () => {
    const { api } = await openWithStaleVisitor();
    service.intercept = async ({ path }) =>
      path === '/v1/visitors' && { status: 500, body: { code: 'internal' } };
    await assert.rejects(api.identify({ name: 'Jane' }), CHANGED);
    assert.equal(api.getConversation(), null);
    service.intercept = async () => false;
    assert.equal((await api.identify({ name: 'Jane' })).name, 'Jane');
  });

  test('is not removed where another page has already replaced it', async () => {
    const { browser, api } = await openWithStaleVisitor();
    const { arrived, release } = hold('/v1/identify');
    const call = api.identify({ name: 'Jane' });
    await arrived;
    const replaced = browser.open().api;
    await replaced.init(options);
    const after = await replaced.reset();
    release();
    await assert.rejects(call, CHANGED);
    assert.deepEqual(api.getConversation(), after);
    assert.deepEqual(replaced.getConversation(), after);
  });
});

for (const locks of [true, false]) {
  describe(locks ? 'tabs with Web Locks' : 'tabs without Web Locks', () => {
    test('that start at once end with one visitor', async () => {
      const browser = new Browser({ locks });
      const tabs = Array.from({ length: 5 }, () => browser.open().api);
      const started = await Promise.all(tabs.map((api) => api.init(options)));
      assert.equal(new Set(started.map(({ visitorId }) => visitorId)).size, 1);
      for (const api of tabs) {
        assert.deepEqual(api.getConversation(), started[0]);
      }
      if (locks) {
        assert.equal(service.requests.length, 1);
      }
    });

    test('have the new visitor after one of them was reset', async () => {
      const browser = new Browser({ locks });
      const [one, two] = [browser.open().api, browser.open().api];
      const before = await one.init(options);
      await two.init(options);
      const after = await one.reset();
      assert.notDeepEqual(after, before);
      assert.deepEqual(two.getConversation(), after);
      assert.equal((await two.identify({ name: 'John' })).anonymousUserId, after.visitorId);
    });

    test('have the new visitor from init as well', async () => {
      const browser = new Browser({ locks });
      const [one, two] = [browser.open().api, browser.open().api];
      await one.init(options);
      await two.init(options);
      const after = await one.reset();
      assert.deepEqual(await two.init(options), after);
    });

    test('do not speak for a visitor that the page has not seen', async () => {
      const browser = new Browser({ locks });
      const [one, two] = [browser.open().api, browser.open().api];
      await one.init(options);
      await two.init(options);
      const after = await one.reset();
      await assert.rejects(two.identify({ name: 'Jane' }), CHANGED);
      assert.equal(service.to('/v1/identify').length, 0);
      assert.deepEqual(two.getConversation(), after);
      assert.equal((await two.identify({ name: 'John' })).anonymousUserId, after.visitorId);
    });

    test('reject an identify whose visitor was reset in another tab before the answer', async () => {
      const browser = new Browser({ locks });
      const [one, two] = [browser.open().api, browser.open().api];
      await one.init(options);
      await two.init(options);
      const { arrived, release } = hold('/v1/identify');
      const call = two.identify({ name: 'Jane' });
      await arrived;
      const after = await one.reset();
      release();
      await assert.rejects(call, CHANGED);
      assert.deepEqual(two.getConversation(), after);
      assert.equal(namesByVisitor()[after.visitorId], undefined);
    });

    test('have one visitor when they look while another is being made', async () => {
      const browser = new Browser({ locks });
      const [one, two] = [browser.open().api, browser.open().api];
      await one.init(options);
      await two.init(options);
      const { arrived, release } = hold('/v1/visitors');
      const resetting = one.reset();
      await arrived;
      assert.equal(two.getConversation(), null);
      const starting = two.init(options);
      release();
      await Promise.all([resetting, starting]);
      assert.deepEqual(one.getConversation(), two.getConversation());
      assert.deepEqual(await browser.open().api.init(options), one.getConversation());
    });

    test('do not take over, at a reset, a visitor that another one began to make before', async () => {
      const browser = new Browser({ locks });
      const [one, two] = [browser.open().api, browser.open().api];
      const { arrived, release } = hold('/v1/visitors');
      const started = two.init(options);
      const call = two.identify({ name: 'Jane' });
      await arrived;
      one.init(options);
      const resetting = one.reset();
      release();
      const { visitorId } = await resetting;
      await Promise.allSettled([started, call]);
      assert.equal(namesByVisitor()[visitorId], undefined);
      assert.deepEqual(two.getConversation(), { visitorId });
    });

    test('that are all reset at once end with one new visitor', async () => {
      const browser = new Browser({ locks });
      const tabs = Array.from({ length: 3 }, () => browser.open().api);
      const before = await tabs[0].init(options);
      await Promise.all(tabs.map((api) => api.init(options)));
      await Promise.all(tabs.map((api) => api.reset()));
      await Promise.all(tabs.map((api) => api.init(options)));
      const seen = new Set(tabs.map((api) => api.getConversation().visitorId));
      assert.equal(seen.size, 1);
      assert(!seen.has(before.visitorId));
    });
  });
}

test('a page does not wait forever for one that holds the lock', async () => {
  const browser = new Browser();
  const { arrived, release } = hold('/v1/visitors');
  const stuck = browser.open().api.init(options);
  await arrived;
  const { api, expire } = browser.open();
  const starting = api.init(options);
  expire();
  const conversation = await starting;
  release();
  assert.deepEqual(await stuck, conversation);
});

test('the visitors of other organizations stay where they are', async () => {
  const browser = new Browser();
  const other = { ...options, organizationKey: 'pk_2' };
  const kept = await browser.open().api.init(other);
  const { api } = browser.open();
  await api.init(options);
  await api.reset();
  assert.deepEqual(await browser.open().api.init(other), kept);
});

test('init with other options rejects the calls for the visitor before', async () => {
  const { api } = new Browser().open();
  await api.init(options);
  const { arrived, release } = hold('/v1/identify');
  const call = api.identify({ name: 'Jane' });
  await arrived;
  const { visitorId } = await api.init({ ...options, organizationKey: 'pk_2' });
  release();
  await assert.rejects(call, CHANGED);
  assert.equal(namesByVisitor()[visitorId], undefined);
});
