// What the routes take, and what they do beyond the shared vectors and the contract (tests/routes).

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import * as native from 'identity-hmac';
import * as onExpress from 'identity-hmac/express';
import * as onFastify from 'identity-hmac/fastify';
import * as onWeb from 'identity-hmac/route';
import * as webcrypto from 'identity-hmac/webcrypto';
import { junk } from './implementations.js';

const VISITOR = '0190f7a2-7c4e-7b1a-9d55-3f1c2b6a8e90';
const PATH = '/api/chat-identity';
const QUERY = `?visitorId=${VISITOR}`;
const HMAC = native.generateIdentityHmac(VISITOR, 's3cret');
const { IdentityHmacError, IdentityKey } = native;
const { User } = onWeb;
const KEY = new IdentityKey('s3cret');
const JANE = new User('user_123');

/** What no promise refuses to give, and what is not nobody. */
const awaited = (await Promise.allSettled(junk.map(async (value) => value)))
  .map(({ value }) => value)
  .filter((value) => value != null);

/** How each entry answers a request for `path`, to which its route is registered. */
const frameworks = {
  'identity-hmac/route': {
    ...native,
    ...onWeb,
    serve: async (options) => onWeb.chatIdentityRoute(options),
    ask: (route, path, init) => route(new Request(`http://127.0.0.1${path}`, init)),
  },
  'identity-hmac/webcrypto': {
    ...webcrypto,
    serve: async (options) => webcrypto.chatIdentityRoute(options),
    ask: (route, path, init) => route(new Request(`http://127.0.0.1${path}`, init)),
  },
  'identity-hmac/express': {
    ...native,
    ...onExpress,
    async serve(options) {
      const app = express().all(PATH, onExpress.chatIdentityRoute(options));
      app.use((error, _req, res, _next) => res.status(503).send(error.message));
      return listening(createServer(app));
    },
    ask: (origin, path, init) => fetch(origin + path, init),
  },
  'identity-hmac/fastify': {
    ...native,
    ...onFastify,
    async serve(options) {
      const app = fastify();
      app.setErrorHandler((error, _request, reply) => reply.code(503).send(error.message));
      await app.register(onFastify.chatIdentityRoute, { path: PATH, ...options });
      await app.ready();
      return app;
    },
    async ask(app, url, init) {
      const { statusCode, headers, body } = await app.inject({ url, ...init });
      return new Response(body, { status: statusCode, headers });
    },
  },
};

async function listening(server) {
  server.unref().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}

for (const [entry, api] of Object.entries(frameworks)) {
  const { serve, ask, chatIdentityRoute, User } = api;
  const KEY = new api.IdentityKey('s3cret');
  const JANE = new User('user_123');
  const isWeb = ['identity-hmac/route', 'identity-hmac/webcrypto'].includes(entry);
  const answer = async (options, path = PATH + QUERY, init = {}) =>
    ask(await serve({ key: KEY, authenticate: () => JANE, ...options }), path, init);

  async function isProblem(response, status) {
    assert.equal(response.status, status);
    assert.equal(response.headers.get('content-type').split(';')[0], 'application/problem+json');
    assert.equal(response.headers.get('cache-control'), 'no-store');
    assert.equal(response.headers.get('vary'), 'Cookie');
    return (await response.json()).detail;
  }

  describe(entry, () => {
    test('an identity key signs the visitor id', async () => {
      const response = await answer({});
      assert.deepEqual(await response.json(), { hmac: HMAC });
    });

    test('nothing but a user is signed for', async () => {
      for (const value of [...awaited, { externalId: 'user_123' }, false, '']) {
        const detail = await isProblem(await answer({ authenticate: async () => value }), 500);
        assert.match(detail, /^what authenticate returns must be a User .*; received /);
        assert(!detail.includes('visitor_1') && !detail.includes('user_123'), detail);
      }
    });

    test('null and undefined are nobody', async () => {
      for (const value of [null, undefined, Promise.resolve(null)]) {
        await isProblem(await answer({ authenticate: () => value }), 401);
      }
    });

    test('a user of every entry on the addon is one', async () => {
      for (const [other, { User }] of Object.entries(frameworks)) {
        const response = await answer({ authenticate: () => new User('user_123') });
        const isKin =
          (other === 'identity-hmac/webcrypto') === (entry === 'identity-hmac/webcrypto');
        assert.equal(response.status, isKin ? 200 : 500);
      }
    });

    test('claims that no token can hold are named, and not shown', async () => {
      const key = new api.IdentityTokenKey(`itk_9f2c41aa_${'0'.repeat(64)}`);
      const authenticate = () => new User('user_123', { email: 'jane' });
      const detail = await isProblem(await answer({ key, authenticate }), 500);
      assert.match(detail, /^the claim email is not shaped like an e-mail address; /);
      assert(!/user_123|"jane"/.test(detail));
    });

    test('what authenticate throws goes to the framework', async () => {
      const thrown = new Error('the database is away');
      const options = {
        authenticate: async () => {
          throw thrown;
        },
      };
      if (isWeb) {
        await assert.rejects(answer(options), (error) => error === thrown);
        return;
      }
      const response = await answer(options);
      assert.equal(response.status, 503);
      assert.equal(await response.text(), 'the database is away');
      assert.equal(response.headers.get('cache-control'), 'no-store');
      assert.equal(response.headers.get('vary'), 'Cookie');
    });

    test('a regular expression has to match the whole visitor id', async () => {
      for (const visitorId of [/visitor_\d/, /visitor_1|x/gm, /^visitor_\d$/y]) {
        const signed = await answer({ visitorId }, `${PATH}?visitorId=visitor_1`);
        assert.deepEqual(await signed.json(), { hmac: await KEY.sign('visitor_1') });
        for (const id of ['visitor_12', 'avisitor_1', 'visitor_1%0A', 'visitor_1%0Ax', VISITOR]) {
          await isProblem(await answer({ visitorId }, `${PATH}?visitorId=${id}`), 400);
        }
      }
    });

    test('a function for visitor ids has to say true or false', async () => {
      const detail = await isProblem(await answer({ visitorId: async () => false }), 500);
      assert.equal(
        detail,
        'what visitorId returns must be true or false; received a Promise, which has to be awaited first',
      );
      const options = {
        visitorId: () => {
          throw new Error('no rule');
        },
      };
      if (isWeb) {
        await assert.rejects(answer(options), { message: 'no rule' });
      } else {
        assert.equal(await (await answer(options)).text(), 'no rule');
      }
    });

    test('options of a wrong type are refused when the route is made', async () => {
      const authenticate = () => JANE;
      for (const [options, message] of [
        [undefined, /^options must be an object; received undefined$/],
        [{ authenticate }, /^options.key must be an IdentityKey or .*; received undefined$/],
        [{ key: 's3cret', authenticate }, /^options.key must be .*; received a string$/],
        [{ key: new api.Keyring('s3cret'), authenticate }, /; received a Keyring$/],
        [{ key: KEY }, /^options.authenticate must be a function; received undefined$/],
        [{ key: KEY, authenticate, visitorId: '^x$' }, /^options.visitorId must be a RegExp or/],
        [{ key: KEY, authenticate, visitorID: /x/ }, /^options has a member other than/],
      ]) {
        const make = async () =>
          entry === 'identity-hmac/fastify'
            ? fastify()
                .register(chatIdentityRoute, { path: PATH, ...options })
                .ready()
            : chatIdentityRoute(options);
        if (options === undefined && entry === 'identity-hmac/fastify') continue;
        await assert.rejects(
          make,
          (error) => error instanceof TypeError && message.test(error.message),
        );
      }
    });
  });
}

describe('a key that is read later', () => {
  const request = () => new Request(`http://127.0.0.1${PATH}${QUERY}`);
  const authenticate = () => JANE;

  test('is read at the first requests, once', async () => {
    let calls = 0;
    const key = async () => {
      calls += 1;
      return KEY;
    };
    const route = onWeb.chatIdentityRoute({ key, authenticate });
    assert.equal(calls, 0);
    const answers = await Promise.all([route(request()), route(request())]);
    answers.push(await route(request()));
    assert.deepEqual([calls, answers.map(({ status }) => status)], [1, [200, 200, 200]]);
  });

  test('is read again after a failure', async () => {
    let isSet = false;
    const key = () => IdentityKey.fromSetting('shop.secret', isSet ? 's3cret' : undefined);
    const route = onWeb.chatIdentityRoute({ key, authenticate });
    const failed = await route(request());
    assert.equal(failed.status, 500);
    assert.match((await failed.json()).detail, /^shop.secret is not set; /);
    isSet = true;
    assert.equal((await route(request())).status, 200);
  });

  test('is checked by ready', async () => {
    for (const { chatIdentityRoute } of [onWeb, onExpress]) {
      await chatIdentityRoute({ key: () => KEY, authenticate }).ready();
      const wrong = chatIdentityRoute({ key: () => 's3cret', authenticate });
      await assert.rejects(wrong.ready(), {
        name: 'TypeError',
        message: /^what options.key returns must be an IdentityKey .*; received a string$/,
      });
      const unset = chatIdentityRoute({ key: () => IdentityKey.fromEnv('NOT_SET'), authenticate });
      await assert.rejects(unset.ready(), IdentityHmacError);
    }
  });

  test('is checked when Fastify gets ready', async () => {
    const app = fastify();
    app.register(onFastify.chatIdentityRoute, { path: PATH, key: () => 's3cret', authenticate });
    await assert.rejects(async () => app.ready(), { message: /^what options.key returns must be/ });
  });
});

for (const { User } of [onWeb, webcrypto]) {
  describe('a user', () => {
    const JANE = new User('user_123', { name: 'Jane', email: 'jane@example.com' });
    test('shows nothing of itself', () => {
      for (const shown of [inspect(JANE), JSON.stringify([JANE]), String(JANE)]) {
        assert(shown.includes('[object User]') && !/jane|user_123/i.test(shown), shown);
      }
      assert.throws(() => structuredClone(JANE));
    });

    test('is refused with what is no id, or an attribute that is not known', () => {
      for (const id of junk) {
        assert.throws(() => new User(id), { name: 'TypeError', message: /^externalId must be/ });
      }
      assert.throws(() => new User('user_123', { emial: 'x' }), { name: 'TypeError' });
      assert.throws(() => new User('user_123', { name: 5 }), /^TypeError: attributes.name must be/);
      assert.throws(() => new User('user_123\ud800'), { code: 'ill_formed_text' });
      assert.throws(() => new User('user_123', { metadata: { a: '\0' } }), { field: 'metadata' });
      assert.throws(() => new User('  '), { code: 'invalid_claim', field: 'sub', reason: 'empty' });
    });
  });
}

test('a user and a key of another copy of the package are signed for', async () => {
  const require = createRequire(import.meta.url);
  const copyOf = (entry) => {
    for (const file of Object.keys(require.cache)) {
      if (file.includes('identity-hmac')) delete require.cache[file];
    }
    return require(entry);
  };
  const { User } = copyOf('identity-hmac/express');
  assert.notEqual(User, onExpress.User);
  const key = new (copyOf('identity-hmac').IdentityKey)('s3cret');
  const route = onWeb.chatIdentityRoute({ key, authenticate: () => new User('user_123') });
  const answer = await route(new Request(`http://127.0.0.1${PATH}${QUERY}`));
  assert.deepEqual(await answer.json(), { hmac: HMAC });
});

describe('mounted in Express', () => {
  const route = onExpress.chatIdentityRoute({ key: KEY, authenticate: () => JANE });
  const status = async (app, path) =>
    (await fetch((await listening(createServer(app))) + path)).status;

  test('a route answers its exact path alone, also behind app.use and in a router', async () => {
    for (const app of [
      express().use(PATH, route),
      express().use('/api', express.Router().all('/chat-identity', route)),
      express().use('/api', express.Router().use('/chat-identity', route)),
    ]) {
      assert.equal(await status(app, PATH + QUERY), 200);
      for (const behind of ['/', '/any', '//']) {
        assert.equal(await status(app, PATH + behind + QUERY), 404, behind);
      }
    }
  });

  test('an answer that authenticate has begun itself is an error of the application', async () => {
    const errors = [];
    const app = express().all(
      PATH,
      onExpress.chatIdentityRoute({ key: KEY, authenticate: (_req, res) => void res.end('own') }),
    );
    app.use((error, _req, _res, _next) => errors.push(error.code));
    const response = await fetch((await listening(createServer(app))) + PATH);
    assert.equal(await response.text(), 'own');
    assert.deepEqual(errors, ['ERR_HTTP_HEADERS_SENT']);
  });

  test('Vary keeps what stands there', async () => {
    const vary = (value) => (_req, res, next) => {
      res.set('Vary', value);
      next();
    };
    for (const [value, expected] of [
      ['Origin', 'Origin, Cookie'],
      [['Origin', 'Accept'], 'Origin, Accept, Cookie'],
      ['origin, cookie', 'origin, cookie'],
      ['*', '*'],
    ]) {
      const app = express().use(vary(value)).all(PATH, route);
      const response = await fetch((await listening(createServer(app))) + PATH);
      assert.equal(response.headers.get('vary'), expected);
    }
  });
});

describe('registered in Fastify', () => {
  const options = { path: '/chat-identity', key: KEY, authenticate: ({ user }) => user };
  /** Logs Jane in, by a hook of that name. */
  const server = async (hook, settings) => {
    const app = fastify(settings);
    app.addHook(hook, async (request) => {
      request.user = JANE;
    });
    await app.register(onFastify.chatIdentityRoute, { ...options, path: PATH });
    return app;
  };

  test('a route sees the user whom a hook beside it has found', async () => {
    for (const hook of ['onRequest', 'preValidation', 'preHandler']) {
      const app = await server(hook);
      assert.equal((await app.inject(PATH + QUERY)).statusCode, 200, hook);
    }
  });

  test('other methods are answered before Fastify reads a body', async () => {
    for (const [hook, status] of [
      ['onRequest', 405],
      ['preHandler', 401],
    ]) {
      const payload = '{';
      const headers = { 'content-type': 'application/json' };
      const app = await server(hook);
      const response = await app.inject({ method: 'POST', url: PATH, payload, headers });
      assert.equal(response.statusCode, status);
    }
  });

  test('a route has the prefix of the plug-in that registers it, and no path behind its own', async () => {
    const app = fastify({ routerOptions: { ignoreTrailingSlash: true } });
    app.addHook('onRequest', async (request) => {
      request.user = JANE;
    });
    app.register(async (api) => api.register(onFastify.chatIdentityRoute, options), {
      prefix: '/api',
    });
    assert.equal((await app.inject(PATH + QUERY)).statusCode, 200);
    for (const behind of ['/', '/any']) {
      assert.equal((await app.inject(PATH + behind + QUERY)).statusCode, 404, behind);
    }
  });
});

describe('under a base path', () => {
  const options = { key: KEY, authenticate: () => JANE };

  /** @param ask resolves to the status at a path */
  async function isAtItsPathAlone(ask) {
    assert.equal(await ask(`/shop${PATH}${QUERY}`), 200);
    for (const path of [PATH, `/shop${PATH}/any`, `/shop/shop${PATH}`]) {
      assert.equal(await ask(path + QUERY), 404, path);
    }
  }

  test('of Fastify, which is a prefix', async () => {
    const app = fastify();
    const shop = async (app) => {
      await app.register(onFastify.chatIdentityRoute, { path: PATH, ...options });
    };
    await app.register(shop, { prefix: '/shop' });
    await isAtItsPathAlone(async (url) => (await app.inject({ url })).statusCode);
  });

  test('of Hono', async () => {
    const route = onWeb.chatIdentityRoute(options);
    const app = new Hono().basePath('/shop').all(PATH, (c) => route(c.req.raw, c));
    await isAtItsPathAlone(async (path) => (await app.request(path)).status);
  });
});
