import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { format, inspect, types } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { MessageChannel } from 'node:worker_threads';
import { implementations } from './implementations.js';

const SECRET = 'very-s3cret';
const TOKEN_KEY = `itk_9f2c41aa_${'5ec2e700'.repeat(8)}`;
const OTHER_TOKEN_KEY = `itk_00c0ffee_${'5ec2e701'.repeat(8)}`;

for (const [entry, api] of implementations) {
  const { IdentityHmacError, IdentityKey, IdentityTokenKey, IdentityTokenKeyring, Keyring } = api;
  const subjects = {
    IdentityKey: new IdentityKey(SECRET),
    Keyring: new Keyring(SECRET, `previous-${SECRET}`),
    IdentityTokenKey: new IdentityTokenKey(TOKEN_KEY),
    IdentityTokenKeyring: new IdentityTokenKeyring(TOKEN_KEY, OTHER_TOKEN_KEY),
  };
  for (const [type, subject] of Object.entries(subjects)) {
    const secret = type.includes('Token') ? TOKEN_KEY : SECRET;
    const otherSecret = type.includes('Token') ? OTHER_TOKEN_KEY : 'other';
    describe(`${entry} ${type}`, () => {
      test('shows its type and nothing else', () => {
        const shown = `[object ${type}]`;
        assert.equal(String(subject), shown);
        assert.equal(inspect(subject), shown);
        assert.equal(inspect({ subject }, { depth: 9, showHidden: true }), `{ subject: ${shown} }`);
        assert.equal(format('%s %o %j', subject, subject, subject), `${shown} ${shown} "${shown}"`);
        assert.equal(JSON.stringify({ subject }), `{"subject":"${shown}"}`);
      });

      test('hides the secret from a debugger-like look', () => {
        for (const key of Reflect.ownKeys(subject)) {
          assert.equal(subject[key].toString(), `Symbol(hidden by ${type})`);
        }
        assert.equal(JSON.stringify({ ...subject }), '{}');
        const everything = { customInspect: false, showHidden: true, showProxy: true, depth: 9 };
        const shown = inspect(subject, { ...everything, getters: true });
        assert.match(shown, new RegExp(type));
        assert.doesNotMatch(shown, /s3cret|5ec2e7|0x|External/);
      });

      test('is refused by everything that would copy it', () => {
        const { port1 } = new MessageChannel();
        const refusal = {
          name: 'DataCloneError',
          message: `Symbol(hidden by ${type}) could not be cloned.`,
        };
        assert.throws(() => structuredClone(subject), refusal);
        assert.throws(() => structuredClone({ nested: [subject] }), refusal);
        assert.throws(() => port1.postMessage(subject), refusal);
        assert.throws(() => serialize(subject), { message: refusal.message });
        port1.close();
      });

      test('is not mistaken for another', async () => {
        for (const [predicate, holds] of Object.entries(types)) {
          assert.equal(holds(subject), false, predicate);
        }
        const other = new subject.constructor(otherSecret);
        assert.deepStrictEqual(subject, subject);
        assert.deepStrictEqual({ nested: [subject] }, { nested: [subject] });
        assert.notDeepStrictEqual(subject, other);
        assert.notDeepEqual(subject, other);
        assert.notDeepStrictEqual({ nested: [subject] }, { nested: [other] });
        assert.equal(subject.constructor.name, type);
        assert(subject instanceof api[type]);
        if (subject.sign !== undefined) {
          await assert.rejects(
            async () => subject.sign(undefined),
            (error) => error.stack.includes(`at ${type}.sign`),
          );
          assert.throws(() => subject.sign.call({}, 'visitor_1'), TypeError);
        }
        assert.throws(
          () => subject.verify.call(Object.create(subject), 'visitor_1', ''),
          TypeError,
        );
      });

      test('works in a subclass', async () => {
        class Own extends subject.constructor {}
        const own = new Own(secret);
        assert(own instanceof Own);
        if (type.includes('Token')) {
          const claims = { visitorId: 'visitor_1', externalId: 'user_123' };
          const token = await subjects.IdentityTokenKey.sign(claims);
          assert.equal((await own.verify(token, 'visitor_1')).externalId, 'user_123');
        } else {
          assert.equal(await own.sign('visitor_1'), await subject.sign('visitor_1'));
        }
      });
    });
  }

  test(`${entry} has no secret in an error that is copied or serialized`, () => {
    for (const [Class, secret] of [
      [IdentityKey, SECRET],
      [IdentityTokenKey, TOKEN_KEY],
    ]) {
      process.env.A_SETTING = `"${secret}"`;
      assert.throws(
        () => Class.fromEnv('A_SETTING'),
        (error) => {
          for (const shown of [
            inspect(error, { showHidden: true, depth: 9 }),
            inspect(deserialize(serialize(error))),
            JSON.stringify(error, Object.getOwnPropertyNames(error)),
          ]) {
            assert.doesNotMatch(shown, new RegExp(secret));
          }
          return error instanceof IdentityHmacError;
        },
      );
    }
  });
}
