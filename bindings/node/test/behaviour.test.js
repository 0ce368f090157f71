import assert from 'node:assert/strict';
import { createSecretKey, generateKeyPairSync, webcrypto } from 'node:crypto';
import { describe, test } from 'node:test';
import { implementations, junk } from './implementations.js';

const HMAC = '03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae';

function rejectsWithTypeError(operation, argument) {
  return assert.rejects(async () => operation(), {
    name: 'TypeError',
    code: 'ERR_INVALID_ARG_TYPE',
    message: new RegExp(
      `^${argument} must be a string(,| or) a Uint8Array.*; received [a-zA-Z0-9, ]+$`,
    ),
  });
}

const { privateKey, publicKey } = generateKeyPairSync('ed25519');

/** What people pass by mistake, and what the error calls it. */
const KINDS = [
  [undefined, 'undefined'],
  [null, 'null'],
  [true, 'a boolean'],
  [71893, 'a number'],
  [71893n, 'a bigint'],
  [Symbol('71893'), 'a symbol'],
  [() => '71893', 'a function'],
  [['71893'], 'an array'],
  [{ 71893: '71893', constructor: { name: '71893' } }, 'an object'],
  [{ [Symbol.toStringTag]: '71893' }, 'an object'],
  [Object('71893'), 'a String object'],
  [Promise.resolve('71893'), 'a Promise, which has to be awaited first'],
  [new (class Own71893 {})(), 'an object'],
  [new Map([['71893', '71893']]), 'a Map'],
  [new Error('71893'), 'an Error'],
  [new ArrayBuffer(8), 'an ArrayBuffer'],
  [new Uint16Array([71893]), 'a Uint16Array'],
  [new Int8Array(8), 'an Int8Array'],
  [privateKey, 'a private KeyObject'],
  [publicKey, 'a public KeyObject'],
];

for (const [
  entry,
  {
    IdentityHmacError,
    IdentityKey,
    Keyring,
    generateIdentityHmac,
    generateSecret,
    verifyIdentityHmac,
  },
] of implementations) {
  describe(entry, () => {
    const key = new IdentityKey('s3cret');
    const keyring = new Keyring('s3cret', '0ld');

    test('a secret that is neither text nor bytes is a TypeError that names the argument', async () => {
      for (const secret of [...junk, keyring]) {
        await rejectsWithTypeError(() => generateIdentityHmac('visitor_1', secret), 'secret');
        await rejectsWithTypeError(() => verifyIdentityHmac('visitor_1', HMAC, secret), 'secret');
        await rejectsWithTypeError(() => new IdentityKey(secret), 'secret');
        await rejectsWithTypeError(() => new Keyring(secret, 's3cret'), 'current');
        if (secret != null) {
          await rejectsWithTypeError(() => new Keyring('s3cret', secret), 'previous');
        }
      }
    });

    test('signing an id that is neither text nor bytes is a TypeError that names it', async () => {
      for (const visitorId of junk) {
        await rejectsWithTypeError(() => generateIdentityHmac(visitorId, 's3cret'), 'visitorId');
        await rejectsWithTypeError(() => key.sign(visitorId), 'visitorId');
        await rejectsWithTypeError(() => keyring.sign(visitorId), 'visitorId');
      }
    });

    test('a TypeError says what kind of value it received, and never the value', async () => {
      for (const [value, kind] of KINDS) {
        for (const operation of [
          () => generateIdentityHmac('visitor_1', value),
          () => new IdentityKey(value),
          () => key.sign(value),
          () => new Keyring(value),
        ]) {
          await assert.rejects(
            async () => operation(),
            (error) => {
              assert(error instanceof TypeError);
              assert(error.message.endsWith(`; received ${kind}`), error.message);
              assert.doesNotMatch(error.message, /71893/);
              return true;
            },
          );
        }
      }
      await assert.rejects(async () => key.sign(createSecretKey(Buffer.from('s3cret'))), {
        message: 'visitorId must be a string or a Uint8Array; received a secret KeyObject',
      });
      await assert.rejects(async () => new IdentityKey(key), {
        message: /received an IdentityKey$/,
      });
    });

    test('a secret KeyObject is taken wherever a secret is', async () => {
      const secret = createSecretKey(Buffer.from('s3cret'));
      assert.equal(await generateIdentityHmac('visitor_1', secret), HMAC);
      assert.equal(await verifyIdentityHmac('visitor_1', HMAC, secret), true);
      assert.equal(await verifyIdentityHmac('visitor_2', HMAC, secret), false);
      assert.equal(await new IdentityKey(secret).sign('visitor_1'), HMAC);
      assert.equal(await new Keyring(secret).sign('visitor_1'), HMAC);
      assert.equal(await new Keyring('other', secret).matched('visitor_1', HMAC), 'previous');
      const empty = createSecretKey(Buffer.alloc(0));
      await assert.rejects(async () => new IdentityKey(empty), { code: 'empty_secret' });
      await assert.rejects(async () => generateIdentityHmac('', secret), {
        code: 'empty_visitor_id',
      });
    });

    test('an error that a program makes itself is like any other Error', () => {
      const error = new IdentityHmacError('boom');
      assert.equal(String(error), 'IdentityHmacError: boom');
      assert.equal(error.code, 'invalid_input');
      const cause = new Error('why');
      const full = new IdentityHmacError('boom', { code: 'secret_unset', cause });
      assert.deepEqual([full.code, full.cause], ['secret_unset', cause]);
    });

    test('verifying answers false to anything at all, and never throws', async () => {
      for (const value of [...junk, '', HMAC, 'visitor_1', new Uint8Array(), new Uint8Array(32)]) {
        for (const [visitorId, hmac] of [
          [value, value],
          [value, HMAC],
          ['visitor_1', value === HMAC ? undefined : value],
        ]) {
          if (visitorId === 'visitor_1' && hmac === HMAC) {
            continue;
          }
          assert.equal(await verifyIdentityHmac(visitorId, hmac, 's3cret'), false);
          assert.equal(await key.verify(visitorId, hmac), false);
          assert.equal(await keyring.verify(visitorId, hmac), false);
          assert.equal(await keyring.matched(visitorId, hmac), null);
        }
      }
      assert.equal(await key.verify(), false);
      assert.equal(await keyring.matched(), null);
    });

    test('an hmac of the right digits and anything after them is not right', async () => {
      for (const tail of ['é', '€', '🦀', '\ud83e', '\0', '0', ' ']) {
        assert.equal(await key.verify('visitor_1', HMAC + tail), false);
        assert.equal(await key.verify('visitor_1', HMAC + tail.repeat(200)), false);
        assert.equal(await key.verify('visitor_1', tail + HMAC), false);
      }
    });

    test('an hmac whose character codes only end in the right byte is not right', async () => {
      for (const raise of [0x100, 0xfee0, 0xff00]) {
        const raised = Array.from(HMAC, (digit) =>
          String.fromCharCode(digit.charCodeAt(0) + raise),
        );
        assert.equal(await key.verify('visitor_1', raised.join('')), false);
        raised.splice(1, 63, ...HMAC.slice(1));
        assert.equal(await key.verify('visitor_1', raised.join('')), false);
      }
    });

    test('an error names the input and the remedy, and carries neither secret nor id', async () => {
      const refusals = [
        [() => new IdentityKey(''), 'empty_secret', 'the identity verification secret is empty'],
        [() => new Keyring('s3cret', ''), 'empty_secret', 'the identity verification secret'],
        [() => key.sign(''), 'empty_visitor_id', 'the visitor id is empty; pass the id'],
        [() => keyring.sign(new Uint8Array()), 'empty_visitor_id', 'the visitor id is empty'],
        [() => generateIdentityHmac('visitor_1', ''), 'empty_secret', 'the identity verification'],
      ];
      for (const [operation, code, message] of refusals) {
        await assert.rejects(
          async () => operation(),
          (error) => {
            assert(error instanceof IdentityHmacError && error instanceof Error);
            assert.equal(error.name, 'IdentityHmacError');
            assert.equal(error.code, code);
            assert(error.message.startsWith(message), error.message);
            assert(error.stack.startsWith(`IdentityHmacError: ${message}`), error.stack);
            assert(error.stack.includes('behaviour.test.js'), error.stack);
            assert.deepEqual(Object.keys(error), ['code']);
            assert.doesNotMatch(`${error.message}`, /s3cret|visitor_1/);
            return true;
          },
        );
      }
    });

    test('a keyring takes secrets and prepared keys alike, and no previous one at all', async () => {
      const stale = await generateIdentityHmac('visitor_1', '0ld');
      for (const current of ['s3cret', Buffer.from('s3cret'), key]) {
        for (const previous of ['0ld', Buffer.from('0ld'), new IdentityKey('0ld')]) {
          const both = new Keyring(current, previous);
          assert.equal(await both.sign('visitor_1'), HMAC);
          assert.equal(await both.matched('visitor_1', HMAC), 'current');
          assert.equal(await both.matched('visitor_1', stale), 'previous');
          assert.equal(await both.verify('visitor_1', stale), true);
        }
        for (const alone of [new Keyring(current), new Keyring(current, null)]) {
          assert.equal(await alone.matched('visitor_1', HMAC), 'current');
          assert.equal(await alone.matched('visitor_1', stale), null);
        }
      }
    });

    test('a generated secret is 64 lowercase hexadecimal digits, and another each time', async () => {
      const secrets = new Set();
      for (let i = 0; i < 100; i++) {
        const secret = await generateSecret();
        assert.match(secret, /^[0-9a-f]{64}$/);
        secrets.add(secret);
      }
      assert.equal(secrets.size, 100);
    });

    test('a key that was prepared before does not depend on the buffer it came from', async () => {
      const secret = Buffer.from('s3cret');
      const prepared = new IdentityKey(secret);
      secret.fill(0);
      assert.equal(await prepared.sign('visitor_1'), HMAC);
    });

    test('an id in a buffer is signed as it was when the call was made', async () => {
      const visitorId = Buffer.from('visitor_1');
      const hmac = key.sign(visitorId);
      visitorId.fill(0);
      assert.equal(await hmac, HMAC);
    });
  });
}

test('a CryptoKey for HMAC-SHA-256 is a secret for Web Crypto, and for nothing else', async () => {
  const [[, native], [, onWebCrypto]] = implementations;
  const importKey = (hash, usages) =>
    webcrypto.subtle.importKey('raw', Buffer.from('s3cret'), { name: 'HMAC', hash }, false, usages);
  const secret = await importKey('SHA-256', ['sign', 'verify']);
  const { IdentityKey, Keyring, generateIdentityHmac } = onWebCrypto;
  assert.equal(await generateIdentityHmac('visitor_1', secret), HMAC);
  assert.equal(await new IdentityKey(secret).verify('visitor_1', HMAC), true);
  assert.equal(await new Keyring('other', secret).matched('visitor_1', HMAC), 'previous');
  const received = { name: 'TypeError', message: /; received a CryptoKey$/ };
  assert.throws(() => new native.IdentityKey(secret), received);
  for (const other of [
    await importKey('SHA-512', ['sign', 'verify']),
    await importKey('SHA-256', ['sign']),
    await importKey('SHA-256', ['verify']),
  ]) {
    assert.throws(() => new IdentityKey(other), received);
  }
});
