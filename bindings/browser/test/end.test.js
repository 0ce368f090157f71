// Ending what is under way: AbortSignal, the page's own timeout, and shutdown().

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Browser } from './browser.js';
import { gate } from './gate.js';
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

/** Makes the requests to `path` wait until the test is over. `arrived` resolves at the first. */
function hang(path) {
  const { open, opened } = gate();
  service.intercept = ({ path: asked }) => {
    if (asked === path) {
      open();
      return new Promise(() => {});
    }
  };
  return opened;
}

describe('an AbortSignal', () => {
  for (const [name, path, call] of [
    ['init', '/v1/visitors', (signal) => api.init({ ...options, signal })],
    ['identify', '/v1/identify', (signal) => api.identify({ name: 'Jane' }, { signal })],
    ['getIdentity', '/v1/identity', (signal) => api.getIdentity({ signal })],
    ['reset', '/v1/visitors', (signal) => api.reset({ signal })],
  ]) {
    const start = () => (name === 'init' ? undefined : api.init(options));

    test(`that is aborted ends ${name} at once, with its reason`, async () => {
      await start();
      const arrived = hang(path);
      const controller = new AbortController();
      const pending = call(controller.signal);
      await arrived;
      controller.abort();
      await assert.rejects(pending, (error) => error === controller.signal.reason);
      assert.equal(controller.signal.reason.name, 'AbortError');
    });

    test(`that was aborted before lets ${name} do nothing`, async () => {
      await start();
      const before = api.getConversation();
      const asked = service.requests.length;
      const reason = new Error('the component is gone');
      await assert.rejects(call(AbortSignal.abort(reason)), reason);
      assert.equal(service.requests.length, asked);
      assert.deepEqual(api.getConversation(), before);
    });

    test(`of another type is refused by ${name}, with its field`, async () => {
      await start();
      const asked = service.requests.length;
      for (const signal of [{}, 'abort', new AbortController()]) {
        await assert.rejects(call(signal), { code: 'invalid_request', field: 'signal' });
      }
      assert.equal(service.requests.length, asked);
    });
  }

  test('ends the request, and the calls after it go on', async () => {
    await api.init(options);
    const arrived = hang('/v1/identify');
    const controller = new AbortController();
    const stuck = api.identify({ name: 'Jane' }, { signal: controller.signal });
    const next = api.identify({ name: 'Joan' });
    await arrived;
    service.intercept = async () => false;
    controller.abort();
    await assert.rejects(stuck, { name: 'AbortError' });
    assert.equal((await next).name, 'Joan');
    assert.equal(service.to('/v1/identify').length, 2);
  });

  test('keeps a call that waits for its turn from being sent', async () => {
    await api.init(options);
    const arrived = hang('/v1/identify');
    api.identify({ name: 'Jane' }).catch(() => {});
    const controller = new AbortController();
    const waiting = api.identify({ name: 'Joan' }, { signal: controller.signal });
    await arrived;
    controller.abort();
    await assert.rejects(waiting, { name: 'AbortError' });
    assert.equal(service.to('/v1/identify').length, 1);
  });

  test('that ends init leaves the visitor that is being made to the next call', async () => {
    const { open, opened } = gate();
    service.intercept = () => opened;
    const controller = new AbortController();
    const call = api.init({ ...options, signal: controller.signal });
    controller.abort();
    await assert.rejects(call, { name: 'AbortError' });
    open();
    const { visitorId } = await api.init(options);
    assert.deepEqual(api.getConversation(), { visitorId });
    assert.equal(service.requests.length, 1);
  });

  test('that outlives its call is left without a listener', async () => {
    await api.init(options);
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener } = signal;
    signal.addEventListener = (type, listener, { signal: until, ...more }) => {
      listeners += 1;
      until.addEventListener('abort', () => {
        listeners -= 1;
      });
      addEventListener.call(signal, type, listener, { signal: until, ...more });
    };
    await api.identify({ name: 'Jane' }, { signal });
    await api.getIdentity({ signal });
    await api.reset({ signal });
    await api.init({ ...options, signal });
    assert.equal(listeners, 0);
  });
});

describe('timeout', () => {
  test('is how long a request, and getHmac, may take', async () => {
    await api.init(options);
    await api.init({ ...options, timeout: 9500.5 });
    service.intercept = () => {
      page.expire();
      return new Promise(() => {});
    };
    await assert.rejects(api.identify({ name: 'Jane' }), {
      code: 'timeout',
      message: `Network error: ${service.url} took longer than 9500.5 ms`,
    });
    const getHmac = () => {
      setTimeout(page.expire);
      return new Promise(() => {});
    };
    await assert.rejects(api.identify({ getHmac }), ({ code, cause }) => {
      assert.equal(cause.message, 'getHmac took longer than 9500.5 ms');
      return code === 'hmac_unavailable';
    });
  });

  for (const timeout of [0, -1, Number.NaN, Infinity, 2 ** 31, 'soon', null, {}]) {
    test(`${typeof timeout} ${timeout} is refused by name`, async () => {
      await assert.rejects(api.init({ ...options, timeout }), {
        code: 'invalid_request',
        field: 'timeout',
      });
    });
  }

  for (const onUserChange of ['', 'Reset', null, true]) {
    test(`so is ${onUserChange} for onUserChange`, async () => {
      await assert.rejects(api.init({ ...options, onUserChange }), {
        code: 'invalid_request',
        field: 'onUserChange',
      });
    });
  }
});

describe('shutdown', () => {
  const SHUT_DOWN = { name: 'IdentityError', code: 'shut_down' };

  test('ends the calls that are under way, and those that wait', async () => {
    await api.init(options);
    const arrived = hang('/v1/identify');
    const getHmac = () => new Promise(() => {});
    const calls = [
      api.identify({ name: 'Jane' }),
      api.identify({ name: 'Joan', getHmac }),
      api.getIdentity(),
    ];
    await arrived;
    api.shutdown();
    for (const call of calls) {
      await assert.rejects(call, SHUT_DOWN);
    }
    assert.equal(service.requests.length, 2);
  });

  test('ends a start, and a reset, also where the page starts again at once', async () => {
    const arrived = hang('/v1/visitors');
    const starting = api.init(options);
    await arrived;
    const resetting = api.reset();
    api.shutdown();
    service.intercept = async () => false;
    const again = api.init(options);
    await Promise.all([starting, resetting].map((call) => assert.rejects(call, SHUT_DOWN)));
    assert.deepEqual(await again, api.getConversation());
  });

  test('ends the pause before another attempt', async () => {
    const paused = gate();
    ({ api } = new Browser().open({ pause: paused.open }));
    service.intercept = async () => problem(503, 'unavailable', 'restarting');
    const starting = api.init(options);
    await paused.opened;
    api.shutdown();
    await assert.rejects(starting, SHUT_DOWN);
    assert.equal(service.requests.length, 1);
  });

  test('leaves a page as it was before init, and the visitor for the next one', async () => {
    const conversation = await api.init(options);
    api.shutdown();
    assert.equal(api.getConversation(), null);
    for (const call of [() => api.identify({}), api.getIdentity, api.reset]) {
      await assert.rejects(call(), { code: 'not_initialized' });
    }
    api.shutdown();
    assert.deepEqual(await api.init(options), conversation);
    assert.equal(service.requests.length, 1);
  });

  test('ends the subscriptions, and what they listen to', async () => {
    await api.init(options);
    let heard = 0;
    api.subscribe(() => {
      heard += 1;
    });
    api.shutdown();
    page.window.dispatchEvent(Object.assign(new Event('storage'), { key: null }));
    await api.init(options);
    await api.reset();
    await new Promise((resolve) => setTimeout(resolve));
    assert.equal(heard, 0);
  });
});
