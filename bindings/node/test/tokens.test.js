import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { afterEach, describe, test } from 'node:test';
import { isDate } from 'node:util/types';
import { implementations, junk } from './implementations.js';

const TEXT = `itk_9f2c41aa_${'c0ffee00'.repeat(8)}`;
const OTHER = `itk_00c0ffee_${'0badcafe'.repeat(8)}`;
const NOW = 1_764_000_000;
const CLAIMS = { visitorId: 'visitor_1', externalId: 'user_123' };

/** Those that have no members to read. */
const notObjects = junk.filter((value) => {
  try {
    return value !== undefined && Object.prototype.toString.call(value) !== '[object Object]';
  } catch {
    return true;
  }
});

function rejectsWithTypeError(operation, argument) {
  return assert.rejects(async () => operation(), {
    name: 'TypeError',
    code: 'ERR_INVALID_ARG_TYPE',
    message: new RegExp(`^${argument} must be an? [^;]+; received [a-zA-Z0-9, ]+$`),
  });
}

/** The payload of a token, as anybody can read it. */
function payloadOf(token) {
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
}

/** A token with this payload, made without the package. */
function tokenOf(payload) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode({ alg: 'HS256' })}.${encode(payload)}`;
  return `${signed}.${createHmac('sha256', TEXT).update(signed).digest('base64url')}`;
}

afterEach(() => {
  delete process.env.IDENTITY_TOKEN_KEY;
  delete process.env.CHAT_TOKEN_KEY;
});

for (const [
  entry,
  {
    generateTokenKey,
    IdentityHmacError,
    IdentityTokenError,
    IdentityTokenKey,
    IdentityTokenKeyring,
  },
] of implementations) {
  const key = new IdentityTokenKey(TEXT);
  const keyring = new IdentityTokenKeyring(key, OTHER);

  describe(`${entry}: token keys`, () => {
    test('a generated key is the text of a key, and another each time', async () => {
      const texts = new Set();
      for (let i = 0; i < 100; i++) {
        const text = await generateTokenKey();
        assert.match(text, /^itk_[0-9a-f]{8}_[0-9a-f]{64}$/);
        assert.equal(new IdentityTokenKey(text).keyId, text.slice(4, 12));
        texts.add(text);
      }
      assert.equal(texts.size, 100);
    });

    test('fromEnv reads IDENTITY_TOKEN_KEY, or the variable with the given name', () => {
      process.env.IDENTITY_TOKEN_KEY = TEXT;
      process.env.CHAT_TOKEN_KEY = OTHER;
      assert.equal(IdentityTokenKey.fromEnv().keyId, '9f2c41aa');
      assert.equal(IdentityTokenKey.fromEnv('CHAT_TOKEN_KEY').keyId, '00c0ffee');
      for (const name of ['toString', 'constructor', '__proto__']) {
        assert.throws(() => IdentityTokenKey.fromEnv(name), { code: 'token_key_unset' });
      }
    });

    test('an error names the setting and the remedy, never the value', () => {
      process.env.CHAT_TOKEN_KEY = `"${TEXT}"`;
      for (const operation of [
        () => IdentityTokenKey.fromEnv('CHAT_TOKEN_KEY'),
        () => IdentityTokenKey.fromSetting('CHAT_TOKEN_KEY', `${TEXT}\n`),
        () => IdentityTokenKey.fromSetting('CHAT_TOKEN_KEY', Buffer.from(TEXT.toUpperCase())),
      ]) {
        assert.throws(operation, (error) => {
          assert(error instanceof IdentityHmacError);
          assert.equal(
            error.message,
            'CHAT_TOKEN_KEY is not itk_, 8 hexadecimal digits, _ and 64 hexadecimal digits in lower ' +
              'case; copy the identity token key exactly, without quotes and white space',
          );
          return true;
        });
      }
      assert.throws(() => IdentityTokenKey.fromEnv(), {
        code: 'token_key_unset',
        message: 'IDENTITY_TOKEN_KEY is not set; set it to the identity token key (itk_…)',
      });
      assert.throws(() => new IdentityTokenKey('s3cret'), {
        code: 'malformed_token_key',
        message: /^the identity token key is not itk_, /,
      });
    });

    test('a text or a name of a wrong type is a TypeError that names the argument', async () => {
      for (const value of junk) {
        await rejectsWithTypeError(() => new IdentityTokenKey(value), 'text');
        await rejectsWithTypeError(() => new IdentityTokenKeyring(value), 'current');
        await rejectsWithTypeError(() => IdentityTokenKey.fromSetting(value, TEXT), 'name');
        if (value !== undefined) {
          await rejectsWithTypeError(() => IdentityTokenKey.fromEnv(value), 'name');
        }
        if (value != null) {
          await rejectsWithTypeError(() => new IdentityTokenKeyring(key, value), 'previous');
          await rejectsWithTypeError(() => IdentityTokenKey.fromSetting('NAME', value), 'text');
        }
      }
    });

    test('a key that was made before does not depend on the buffer it came from', async () => {
      const text = Buffer.from(TEXT);
      const prepared = new IdentityTokenKey(text);
      text.fill(0);
      assert.equal(await prepared.sign(CLAIMS, { now: NOW }), await key.sign(CLAIMS, { now: NOW }));
    });

    test('fromEnv and fromSetting make an instance of the class that they are called on', () => {
      class Own extends IdentityTokenKey {}
      process.env.IDENTITY_TOKEN_KEY = TEXT;
      assert(Own.fromEnv() instanceof Own);
      assert(Own.fromSetting('NAME', TEXT) instanceof Own);
    });
  });

  describe(`${entry}: signing tokens`, () => {
    test('an attribute that is undefined is left out, and null clears it', async () => {
      const token = await key.sign(
        { ...CLAIMS, name: undefined, email: null, metadata: { plan: 'pro', at: undefined } },
        { now: NOW, audience: undefined, expiresIn: undefined },
      );
      assert.deepEqual(payloadOf(token), {
        sub: 'user_123',
        visitorId: 'visitor_1',
        iat: NOW,
        exp: NOW + 300,
        email: null,
        metadata: { plan: 'pro' },
      });
      const claims = await key.verify(token, 'visitor_1', { now: NOW });
      assert.deepEqual(Object.keys(claims), [
        'visitorId',
        'externalId',
        'email',
        'metadata',
        'issuedAt',
        'expiresAt',
        'keyId',
      ]);
      assert.equal(claims.email, null);
    });

    test('times are Dates or seconds, and whole seconds in the token', async () => {
      for (const now of [NOW, NOW + 0.9, new Date(NOW * 1000 + 900)]) {
        const { iat, exp } = payloadOf(await key.sign(CLAIMS, { now, expiresIn: 60.9 }));
        assert.deepEqual([iat, exp], [NOW, NOW + 60]);
      }
    });

    test('a token is signed now and for 300 seconds unless something else is said', async () => {
      const before = Math.floor(Date.now() / 1000);
      const token = await key.sign(CLAIMS);
      const { iat, exp } = payloadOf(token);
      assert(iat >= before && iat <= Date.now() / 1000, `${iat}`);
      assert.equal(exp, iat + 300);
      assert.equal((await key.verify(token, 'visitor_1')).externalId, 'user_123');
    });

    test('a lifetime that is no number, negative or too long is refused', async () => {
      for (const expiresIn of [0, 0.5, -1, -300, Number.NaN, 86_401, 1e300, Infinity, -Infinity]) {
        await assert.rejects(async () => key.sign(CLAIMS, { now: NOW, expiresIn }), {
          name: 'IdentityTokenError',
          code: 'invalid_claim',
          field: 'exp',
          reason: 'lifetime',
          message: /^the claim exp is not within 86400 s after iat; /,
        });
      }
    });

    test('a number that is not a time is a RangeError', async () => {
      for (const now of [-1, Number.NaN, Infinity, -Infinity, new Date(Number.NaN), new Date(-1)]) {
        for (const operation of [
          () => key.sign(CLAIMS, { now }),
          () => key.verify('', 'visitor_1', { now }),
        ]) {
          await assert.rejects(async () => operation(), {
            name: 'RangeError',
            code: 'ERR_OUT_OF_RANGE',
            message: /^options\.now is not a time since 1970; pass a Date, or a number of seconds/,
          });
        }
      }
    });

    test('a member of a wrong type is a TypeError that names it', async () => {
      const sign = (claims, options) => () => key.sign({ ...CLAIMS, ...claims }, options);
      for (const value of junk) {
        await rejectsWithTypeError(sign({ visitorId: value }), 'claims\\.visitorId');
        await rejectsWithTypeError(sign({ externalId: value }), 'claims\\.externalId');
        if (value != null) {
          await rejectsWithTypeError(sign({ name: value }), 'claims\\.name');
          await rejectsWithTypeError(sign({ email: value }), 'claims\\.email');
        }
        if (value !== undefined) {
          await rejectsWithTypeError(sign({}, { audience: value }), 'options\\.audience');
        }
        if (value !== undefined && typeof value !== 'number') {
          await rejectsWithTypeError(sign({}, { expiresIn: value }), 'options\\.expiresIn');
        }
        if (value !== undefined && typeof value !== 'number' && !isDate(value)) {
          await rejectsWithTypeError(sign({}, { now: value }), 'options\\.now');
        }
      }
      for (const value of notObjects) {
        await rejectsWithTypeError(() => key.sign(value), 'claims');
        await rejectsWithTypeError(sign({}, value), 'options');
      }
      await rejectsWithTypeError(() => key.sign(), 'claims');
      await rejectsWithTypeError(() => key.sign('visitor_1', 'user_123'), 'claims');
      await rejectsWithTypeError(sign({}, { expiresIn: '5m' }), 'options\\.expiresIn');
    });

    test('metadata that JSON would empty in silence is a TypeError', async () => {
      for (const [metadata, kind] of [
        [Promise.resolve({}), 'a Promise, which has to be awaited first'],
        [new Map([['plan', 'pro']]), 'a Map'],
        [new Set(['pro']), 'a Set'],
        [new Error('pro'), 'an Error'],
        [() => ({}), 'a function'],
        [Symbol('pro'), 'a symbol'],
        [10n, 'a bigint'],
      ]) {
        await assert.rejects(async () => key.sign({ ...CLAIMS, metadata }), {
          name: 'TypeError',
          message: `claims.metadata must be an object that JSON can hold, or null; received ${kind}`,
        });
      }
      for (const metadata of ['pro', 5, true, ['pro']]) {
        await assert.rejects(async () => key.sign({ ...CLAIMS, metadata }), {
          code: 'invalid_claim',
          message: /^the claim metadata has a wrong type; set it to a JSON object, or null$/,
        });
      }
      const circular = {};
      circular.self = circular;
      await assert.rejects(async () => key.sign({ ...CLAIMS, metadata: circular }), TypeError);
    });

    test('a member with another name is a TypeError, since it would be ignored in silence', async () => {
      for (const [claims, options, message] of [
        [{ expiresIn: 60 }, {}, /^claims has a member other than visitorId, externalId, name, /],
        [{ emial: 'jane@example.com' }, {}, /^claims has a member other than /],
        [{}, { expires_in: 60 }, /^options has a member other than expiresIn, audience and now;/],
      ]) {
        await assert.rejects(async () => key.sign({ ...CLAIMS, ...claims }, options), {
          name: 'TypeError',
          code: 'ERR_INVALID_ARG_VALUE',
          message,
        });
      }
      await assert.rejects(async () => key.verify('', 'visitor_1', { aud: 'pk_1' }), {
        message: 'options has a member other than audience and now; remove it',
      });
      await assert.rejects(async () => new IdentityTokenKeyring(key, null, { max: 60 }), {
        message: /^options has a member other than maxLifetime and tokensValidAfter;/,
      });
    });

    test('text with a lone surrogate is refused, and never signed as another text', async () => {
      for (const [claims, options] of [
        [{ visitorId: '\ud800' }, {}],
        [{ externalId: 'a\udfff' }, {}],
        [{ name: '\ud83ex' }, {}],
        [{ email: 'j\udc00@example.com' }, {}],
        [{}, { audience: 'pk_\ud800' }],
      ]) {
        await assert.rejects(async () => key.sign({ ...CLAIMS, ...claims }, options), {
          name: 'IdentityHmacError',
          code: 'ill_formed_text',
          message: /^(claims|options)\.\w+ holds a lone surrogate; pass well-formed text$/,
        });
      }
      for (const metadata of [{ plan: '\ud800' }, { '\udfff': 1 }]) {
        await assert.rejects(async () => key.sign({ ...CLAIMS, metadata }), {
          code: 'invalid_claim',
          message: /^the claim metadata is not JSON of one meaning; /,
        });
      }
    });

    test('claims are signed as they were when the call was made', async () => {
      const claims = { ...CLAIMS, metadata: { plan: 'pro' } };
      const token = key.sign(claims, { now: NOW });
      claims.externalId = 'admin';
      claims.metadata.plan = 'free';
      const { sub, metadata } = payloadOf(await token);
      assert.deepEqual([sub, metadata.plan], ['user_123', 'pro']);
    });

    test('metadata of 400,000 characters is refused like any that is too long', async () => {
      for (const metadata of [{ a: 'é"'.repeat(2e5) }, { a: Array(2e5).fill(1) }]) {
        await assert.rejects(async () => key.sign({ ...CLAIMS, metadata }), {
          code: 'token_too_long',
        });
      }
    });

    test('an error carries no value of a claim', async () => {
      for (const claims of [
        { externalId: 'canary'.repeat(50) },
        { visitorId: 'canary\0' },
        { email: 'canary' },
        { metadata: { canary: { canary: '\0canary' } } },
        { canary: 1 },
      ]) {
        await assert.rejects(
          async () => key.sign({ ...CLAIMS, ...claims }),
          (error) => !JSON.stringify([error.message, error]).includes('canary'),
        );
      }
    });
  });

  describe(`${entry}: verifying tokens`, () => {
    test('claims are a plain frozen object, down to the last value of metadata', async () => {
      const metadata = JSON.parse('{"a": [{"b": 1}], "__proto__": {"c": []}}');
      const token = await key.sign({ ...CLAIMS, metadata }, { now: NOW });
      for (const verifier of [key, keyring]) {
        const claims = await verifier.verify(token, 'visitor_1', { now: NOW });
        assert.deepEqual(claims.metadata, metadata);
        assert.equal(Object.getPrototypeOf(claims), Object.prototype);
        const own = Object.getOwnPropertyDescriptor(claims.metadata, '__proto__').value;
        for (const part of [
          claims,
          claims.metadata,
          claims.metadata.a,
          claims.metadata.a[0],
          own,
        ]) {
          assert(Object.isFrozen(part));
        }
        assert.deepEqual(structuredClone(claims), JSON.parse(JSON.stringify(claims)));
      }
    });

    test('any other value than a token is an IdentityTokenError, and never a TypeError', async () => {
      for (const token of [...junk, '', 'a.b.c', '\ud800', new Uint8Array(9), '.'.repeat(1e6)]) {
        for (const verifier of [key, keyring]) {
          await assert.rejects(
            async () => verifier.verify(token, 'visitor_1'),
            (error) => {
              assert(error instanceof IdentityTokenError && error instanceof Error);
              assert(error instanceof IdentityHmacError);
              assert.equal(error.name, 'IdentityTokenError');
              assert.equal(error.code, 'identity_token_invalid');
              assert.equal(
                error.message,
                "the identity token is not valid; sign it with the organization's identity token " +
                  'key and pass it unchanged; `identity-hmac doctor token` finds the cause',
              );
              assert(error.stack.includes('tokens.test.js'), error.stack);
              return true;
            },
          );
        }
      }
    });

    test('an argument of the backend that has a wrong type is a TypeError, whatever the token', async () => {
      for (const verifier of [key, keyring]) {
        for (const value of junk) {
          await rejectsWithTypeError(() => verifier.verify('', value), 'visitorId');
          if (value !== undefined) {
            const options = { audience: value };
            await rejectsWithTypeError(
              () => verifier.verify('', 'visitor_1', options),
              'options\\.audience',
            );
          }
        }
        for (const value of notObjects) {
          await rejectsWithTypeError(() => verifier.verify('', 'visitor_1', value), 'options');
        }
        await rejectsWithTypeError(() => verifier.verify('', 'visitor_1', 'pk_1'), 'options');
      }
    });

    test('an error tells claim, reason and remedy', async () => {
      const payload = { sub: 7, visitorId: 'visitor_1', iat: NOW, exp: NOW + 60 };
      await assert.rejects(
        async () => key.verify(tokenOf(payload), 'visitor_1', { now: NOW }),
        (error) => {
          const { code, field, reason, remedy, message } = error;
          assert.deepEqual(
            { ...error },
            { code: 'identity_token_claim', field: 'sub', reason: 'type', remedy },
          );
          assert.equal(code, 'identity_token_claim');
          assert.equal(field, 'sub');
          assert.equal(reason, 'type');
          assert.match(remedy, /^set it to your own id of the user, a string of 1 to 256 /);
          assert.equal(message, `the identity token's claim sub has a wrong type; ${remedy}`);
          return true;
        },
      );
    });

    test('a visitor id with a lone surrogate is another visitor than any', async () => {
      const token = await key.sign({ ...CLAIMS, visitorId: '\ufffd' }, { now: NOW });
      await key.verify(token, '\ufffd', { now: NOW });
      await assert.rejects(async () => key.verify(token, '\ud800', { now: NOW }), {
        code: 'identity_token_other_visitor',
      });
    });

    test('a token may be bytes, as they come from a header', async () => {
      const token = await key.sign(CLAIMS, { now: NOW });
      for (const bytes of [Buffer.from(token), new TextEncoder().encode(token)]) {
        const claims = await key.verify(bytes, 'visitor_1', { now: NOW });
        assert.equal(claims.externalId, 'user_123');
      }
      const changed = Buffer.from(token);
      const verified = key.verify(changed, 'visitor_1', { now: NOW });
      changed.fill(0);
      assert.equal((await verified).externalId, 'user_123');
    });

    test('an audience is demanded of a token that names one', async () => {
      const token = await key.sign(CLAIMS, { now: NOW, audience: 'pk_1' });
      await key.verify(token, 'visitor_1', { now: NOW, audience: 'pk_1' });
      for (const audience of [undefined, 'pk_2', '']) {
        await assert.rejects(async () => key.verify(token, 'visitor_1', { now: NOW, audience }), {
          code: 'identity_token_other_audience',
          field: 'aud',
        });
      }
    });

    test('a claim is not taken from what a program has put on every object', async () => {
      const token = tokenOf({ visitorId: 'visitor_1', iat: NOW, exp: NOW + 60 });
      for (const [name, value] of [
        ['sub', 'admin'],
        ['nbf', NOW + 1000],
      ]) {
        Object.prototype[name] = value;
        try {
          await assert.rejects(async () => key.verify(token, 'visitor_1', { now: NOW }), {
            code: 'identity_token_claim',
            field: 'sub',
            reason: 'missing',
          });
        } finally {
          delete Object.prototype[name];
        }
      }
      const attributes = ['name', 'email', 'metadata'];
      const silent = await key.sign({ visitorId: 'visitor_1', externalId: 'user_123' });
      for (const name of attributes) Object.prototype[name] = 'admin';
      try {
        const claims = await key.verify(silent, 'visitor_1');
        assert.deepEqual(
          Object.keys(claims).filter((name) => attributes.includes(name)),
          [],
        );
      } finally {
        for (const name of attributes) delete Object.prototype[name];
      }
    });

    test('an error that a program makes itself is like any other Error', () => {
      const error = new IdentityTokenError('boom');
      assert.equal(String(error), 'IdentityTokenError: boom');
      assert.equal(error.code, 'identity_token_invalid');
      const cause = new Error('why');
      const full = new IdentityTokenError('boom', {
        code: 'identity_token_expired',
        field: 'exp',
        remedy: 'sign again',
        cause,
      });
      assert.deepEqual(
        [full.code, full.field, full.reason, full.remedy, full.cause],
        ['identity_token_expired', 'exp', undefined, 'sign again', cause],
      );
    });
  });

  describe(`${entry}: keyrings of token keys`, () => {
    test('a keyring takes texts and keys alike, and no previous one at all', async () => {
      const byOther = await new IdentityTokenKey(OTHER).sign(CLAIMS, { now: NOW });
      for (const current of [TEXT, Buffer.from(TEXT), key]) {
        for (const previous of [OTHER, Buffer.from(OTHER), new IdentityTokenKey(OTHER)]) {
          const both = new IdentityTokenKeyring(current, previous);
          const { keyId } = await both.verify(byOther, 'visitor_1', { now: NOW });
          assert.equal(keyId, '00c0ffee');
        }
        for (const alone of [
          new IdentityTokenKeyring(current),
          new IdentityTokenKeyring(current, null),
        ]) {
          await assert.rejects(async () => alone.verify(byOther, 'visitor_1', { now: NOW }), {
            code: 'identity_token_invalid',
          });
        }
      }
    });

    test('the rules of a keyring are checked when it is made', async () => {
      for (const maxLifetime of [0, 59, 86_401, -60, Number.NaN, Infinity]) {
        assert.throws(() => new IdentityTokenKeyring(key, null, { maxLifetime }), {
          name: 'IdentityHmacError',
          code: 'max_lifetime_out_of_range',
          message: 'the longest lifetime of a token is not between 60 and 86400 seconds',
        });
      }
      assert.throws(() => new IdentityTokenKeyring(key, null, { tokensValidAfter: Number.NaN }), {
        name: 'RangeError',
      });
      for (const value of notObjects) {
        await rejectsWithTypeError(() => new IdentityTokenKeyring(key, null, value), 'options');
      }
      for (const value of ['60', null, [], 60n]) {
        const rejects = (options, argument) =>
          rejectsWithTypeError(() => new IdentityTokenKeyring(key, null, options), argument);
        await rejects({ maxLifetime: value }, 'options\\.maxLifetime');
        await rejects({ tokensValidAfter: value }, 'options\\.tokensValidAfter');
      }
    });

    test('tokens from before a Date are refused', async () => {
      const since = { tokensValidAfter: new Date((NOW + 1) * 1000) };
      const strict = new IdentityTokenKeyring(key, null, since);
      const sign = (now) => key.sign(CLAIMS, { now });
      await assert.rejects(async () => strict.verify(await sign(NOW), 'visitor_1', { now: NOW }), {
        code: 'identity_token_revoked',
      });
      await strict.verify(await sign(NOW + 1), 'visitor_1', { now: NOW + 1 });
    });
  });
}
