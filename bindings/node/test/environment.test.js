import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { implementations } from './implementations.js';

afterEach(() => {
  delete process.env.IDENTITY_SECRET;
  delete process.env.CHAT_SECRET;
  delete process.env.PREVIOUS_SECRET;
});

const FAULTS = [
  [undefined, 'secret_unset', 'is not set; set it to the identity verification secret'],
  ['\t', 'secret_blank', 'is blank; set it to the identity verification secret'],
  [
    's3cret\n',
    'secret_surrounded_by_whitespace',
    'begins or ends with white space, such as a line end; remove it',
  ],
  [
    "'s3cret'",
    'secret_quoted',
    'stands in quotes that would become part of the secret; remove them',
  ],
  [
    's3cr\ufffdt',
    'secret_not_utf8',
    "is not valid UTF-8; store the secret as text, or pass the key's bytes directly",
  ],
];

for (const [entry, { IdentityHmacError, IdentityKey, Keyring }] of implementations) {
  describe(`${entry} reads the secret from the environment`, () => {
    test('from IDENTITY_SECRET, or from the variable with the given name', async () => {
      process.env.IDENTITY_SECRET = 's3cret';
      process.env.CHAT_SECRET = 'other';
      const sign = (key) => key.sign('visitor_1');
      assert.equal(await sign(IdentityKey.fromEnv()), await sign(new IdentityKey('s3cret')));
      assert.equal(
        await sign(IdentityKey.fromEnv('CHAT_SECRET')),
        await sign(new IdentityKey('other')),
      );
    });

    test('and names the variable and the fault, never the value', () => {
      for (const [value, code, fault] of FAULTS) {
        if (value !== undefined) {
          process.env.CHAT_SECRET = value;
        }
        assert.throws(
          () => IdentityKey.fromEnv('CHAT_SECRET'),
          (error) => {
            assert(error instanceof IdentityHmacError);
            assert.equal(error.code, code);
            assert.equal(error.message, `CHAT_SECRET ${fault}`);
            return true;
          },
        );
      }
    });

    test('and trims what Unicode calls white space, and a byte order mark, no more and no less', () => {
      const spaces = [];
      for (let code = 1; code <= 0xffff; code++) {
        const character = String.fromCharCode(code);
        // No other character could be taken for white space.
        if (!/[\s\p{C}\p{Z}]/u.test(character) || /[\p{Cn}\p{Co}\p{Cs}]/u.test(character)) {
          continue;
        }
        process.env.CHAT_SECRET = `s3cret${character}`;
        try {
          IdentityKey.fromEnv('CHAT_SECRET');
        } catch (error) {
          if (error.code === 'secret_surrounded_by_whitespace') {
            spaces.push(code.toString(16));
          }
        }
      }
      assert.equal(
        spaces.join(' '),
        '9 a b c d 20 85 a0 1680 2000 2001 2002 2003 2004 2005 2006 2007 2008 2009 200a 2028 2029 ' +
          '202f 205f 3000 feff',
      );
    });

    test('and not from what process.env inherits', () => {
      for (const name of ['toString', 'constructor', '__proto__']) {
        assert.throws(() => IdentityKey.fromEnv(name), { code: 'secret_unset' });
      }
    });

    test('and takes only a string for the name of the variable', () => {
      for (const name of [null, 5, Symbol('IDENTITY_SECRET'), {}, ['IDENTITY_SECRET']]) {
        assert.throws(() => IdentityKey.fromEnv(name), {
          name: 'TypeError',
          message: /^name must be a string; received (null|an? \w+)$/,
        });
      }
    });

    test('into the class that it was asked of', () => {
      process.env.IDENTITY_SECRET = 's3cret';
      class Own extends IdentityKey {}
      assert(Own.fromEnv() instanceof Own);
    });
  });

  describe(`${entry} reads a secret from any setting`, () => {
    test('that is text or bytes, and names the setting', () => {
      for (const value of [true, 5, {}, ['s3cret'], Promise.resolve('s3cret')]) {
        assert.throws(() => IdentityKey.fromSetting('chat.secret', value), {
          name: 'TypeError',
          message: /^value must be a string or a Uint8Array; received an? /,
        });
      }
      for (const value of [null, undefined]) {
        assert.throws(() => IdentityKey.fromSetting('chat.secret', value), {
          code: 'secret_unset',
          message: /^chat.secret is not set; /,
        });
      }
      assert.throws(() => IdentityKey.fromSetting(undefined, 's3cret'), {
        name: 'TypeError',
        message: 'name must be a string; received undefined',
      });
    });
  });

  describe(`${entry} reads both secrets of a rotation from the environment`, () => {
    const read = () => Keyring.fromEnv('CHAT_SECRET', 'PREVIOUS_SECRET');
    const matched = async (secret) =>
      read().matched('visitor_1', await new IdentityKey(secret).sign('visitor_1'));

    test('and the previous one may be unset or empty', async () => {
      process.env.CHAT_SECRET = 'n3w';
      for (const previous of [undefined, '']) {
        if (previous !== undefined) process.env.PREVIOUS_SECRET = previous;
        assert.deepEqual([await matched('n3w'), await matched('0ld')], ['current', null]);
      }
      process.env.PREVIOUS_SECRET = '0ld';
      assert.deepEqual([await matched('n3w'), await matched('0ld')], ['current', 'previous']);
    });

    test('and names the variable that is at fault', () => {
      assert.throws(read, { code: 'secret_unset', message: /^CHAT_SECRET is not set; / });
      process.env.CHAT_SECRET = 'n3w';
      process.env.PREVIOUS_SECRET = ' ';
      assert.throws(read, { code: 'secret_blank', message: /^PREVIOUS_SECRET is blank; / });
      assert.throws(() => Keyring.fromEnv('CHAT_SECRET'), {
        name: 'TypeError',
        message: 'previous must be a string; received undefined',
      });
    });
  });
}
