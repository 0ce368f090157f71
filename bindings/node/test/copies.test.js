// More than one copy of the package in a thread: what is required and imported, what a test runner
// loads again, what another realm loads.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { implementations } from './implementations.js';

const require = createRequire(import.meta.url);
const TOKEN_KEY = `itk_9f2c41aa_${'c0ffee00'.repeat(8)}`;

/** A copy that shares nothing with those that were loaded before. */
function loadAgain(entry) {
  for (const path of Object.keys(require.cache)) {
    delete require.cache[path];
  }
  return require(entry);
}

for (const [entry, api] of implementations) {
  describe(`two copies of ${entry}`, () => {
    const copy = loadAgain(entry);

    test('are two', () => assert.notEqual(api.IdentityKey, copy.IdentityKey));

    test('know the instances of each other', () => {
      for (const [one, other] of [
        [api, copy],
        [copy, api],
      ]) {
        assert.throws(() => new one.IdentityKey(''), other.IdentityHmacError);
        assert(new one.IdentityHmacError('boom') instanceof other.IdentityHmacError);
        assert(new one.IdentityKey('s3cret') instanceof other.IdentityKey);
        assert(new one.Keyring('s3cret') instanceof other.Keyring);
        class Own extends one.IdentityKey {}
        assert(new Own('s3cret') instanceof other.IdentityKey);
        assert(new one.IdentityTokenError('boom') instanceof other.IdentityTokenError);
        assert(new one.IdentityTokenKey(TOKEN_KEY) instanceof other.IdentityTokenKey);
        assert(new one.IdentityTokenKeyring(TOKEN_KEY) instanceof other.IdentityTokenKeyring);
      }
    });

    test('make keyrings of the keys of each other', async () => {
      const keyring = new api.Keyring(new copy.IdentityKey('s3cret'), new api.IdentityKey('0ld'));
      const [current, previous] = await Promise.all(
        ['s3cret', '0ld'].map((secret) => api.generateIdentityHmac('visitor_1', secret)),
      );
      assert.equal(await keyring.matched('visitor_1', current), 'current');
      assert.equal(await keyring.matched('visitor_1', previous), 'previous');
    });

    test('make token keyrings of the token keys of each other', async () => {
      const key = new copy.IdentityTokenKey(TOKEN_KEY);
      const token = await key.sign({ visitorId: 'visitor_1', externalId: 'user_123' });
      const current = new api.IdentityTokenKey(await api.generateTokenKey());
      const claims = await new api.IdentityTokenKeyring(current, key).verify(token, 'visitor_1');
      assert.equal(claims.keyId, '9f2c41aa');
    });

    test('take nothing else for an instance', () => {
      class Own extends api.IdentityKey {}
      assert(!(new copy.IdentityKey('s3cret') instanceof Own));
      for (const { IdentityHmacError, IdentityKey, Keyring, ...tokens } of [api, copy]) {
        const { IdentityTokenError, IdentityTokenKey, IdentityTokenKeyring } = tokens;
        assert(!(new Keyring('s3cret') instanceof IdentityKey));
        assert(!(new IdentityKey('s3cret') instanceof Keyring));
        assert(!(new Error('boom') instanceof IdentityHmacError));
        assert(new IdentityTokenError('boom') instanceof IdentityHmacError);
        assert(!(new IdentityHmacError('boom') instanceof IdentityTokenError));
        assert(!(new IdentityTokenKey(TOKEN_KEY) instanceof IdentityKey));
        assert(!(new IdentityTokenKey(TOKEN_KEY) instanceof IdentityTokenKeyring));
        for (const other of [undefined, null, 's3cret', 5, {}, []]) {
          assert(!(other instanceof IdentityHmacError) && !(other instanceof IdentityKey));
        }
      }
    });

    test('have the names of the classes', () => {
      for (const name of Object.keys(api).filter((name) => /^[A-Z]/.test(name))) {
        assert.equal(api[name].name, name);
        assert.equal(copy[name].name, name);
      }
    });
  });
}

test('an error is the same to both entries, a key is not', () => {
  const [[, native], [, webcrypto]] = implementations;
  assert.throws(() => new native.IdentityKey(''), webcrypto.IdentityHmacError);
  assert.throws(() => new webcrypto.IdentityKey(''), native.IdentityHmacError);
  const key = new native.IdentityKey('s3cret');
  assert(!(key instanceof webcrypto.IdentityKey));
  assert.throws(() => new webcrypto.Keyring(key), {
    name: 'TypeError',
    message: /, or an IdentityKey of identity-hmac\/webcrypto [0-9.]+; received an IdentityKey$/,
  });
});

test('a token error is the same to both entries, a token key is not', async () => {
  const [[, native], [, webcrypto]] = implementations;
  const key = new native.IdentityTokenKey(TOKEN_KEY);
  assert.throws(() => key.verify('', 'visitor_1'), webcrypto.IdentityTokenError);
  await assert.rejects(
    new webcrypto.IdentityTokenKey(TOKEN_KEY).verify('', 'visitor_1'),
    native.IdentityTokenError,
  );
  assert(!(key instanceof webcrypto.IdentityTokenKey));
  assert.throws(() => new webcrypto.IdentityTokenKeyring(key), {
    name: 'TypeError',
    message:
      /, or an IdentityTokenKey of identity-hmac\/webcrypto [0-9.]+; received an IdentityTokenKey$/,
  });
});

test('what imitates a key is a TypeError', () => {
  const everything = new Proxy({}, { get: () => () => 5 });
  for (const [, { IdentityKey, Keyring }] of implementations) {
    for (const imitation of [
      everything,
      IdentityKey.prototype,
      Object.create(new IdentityKey('s')),
    ]) {
      assert.throws(() => new Keyring(imitation), {
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_TYPE',
      });
    }
  }
  for (const [
    ,
    { IdentityKey, IdentityTokenKey, IdentityTokenKeyring, Keyring },
  ] of implementations) {
    for (const imitation of [
      everything,
      IdentityTokenKey.prototype,
      Object.create(new IdentityTokenKey(TOKEN_KEY)),
      new IdentityKey(TOKEN_KEY),
    ]) {
      assert.throws(() => new IdentityTokenKeyring(imitation), { code: 'ERR_INVALID_ARG_TYPE' });
    }
    assert.throws(() => new Keyring(new IdentityTokenKey(TOKEN_KEY)), {
      code: 'ERR_INVALID_ARG_TYPE',
    });
  }
});

test("errors belong to the realm that loaded the package, as in Jest's environment for Node", () => {
  const [[, native]] = implementations;
  const realm = createContext({ process, crypto, TextEncoder });
  for (const entry of ['identity-hmac', 'identity-hmac/webcrypto']) {
    const path = require.resolve(entry);
    const module = { exports: {} };
    const load = runInContext(
      `(function (source, module, require) {
        new Function('module', 'exports', 'require', source)(module, module.exports, require);
        const { IdentityKey } = module.exports;
        return ['', 5].map((secret) => {
          try {
            new IdentityKey(secret);
          } catch (error) {
            return [error, error instanceof Error, error instanceof TypeError];
          }
        });
      })`,
      realm,
    );
    const source = readFileSync(path, 'utf8');
    const [[refused, ...isError], [, ...isTypeError]] = load(source, module, createRequire(path));
    assert.deepEqual(
      [isError, isTypeError],
      [
        [true, false],
        [true, true],
      ],
    );
    assert(refused instanceof native.IdentityHmacError && !(refused instanceof Error));
  }
});
