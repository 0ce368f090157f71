// The documented snippet is the reference for every byte.

import assert from 'node:assert/strict';
import { createHmac, randomBytes, randomInt } from 'node:crypto';
import { describe, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { implementations } from './implementations.js';

const documented = (visitorId, secret) =>
  createHmac('sha256', secret).update(visitorId).digest('hex');

/** Pieces that UTF-8 writes in one to four bytes, surrogates that have lost their pair, and NUL. */
const PIECES = ['a', '\0', 'é', '€', '\uffff', '🦀', '\ud83e', '\udd80', '\ufffd', '\n'];

const randomText = (pieces) =>
  Array.from({ length: pieces }, () => PIECES[randomInt(PIECES.length)]).join('');

for (const [entry, { generateIdentityHmac, IdentityKey }] of implementations) {
  describe(`${entry} signs what createHmac signs`, () => {
    async function signsAlike(visitorId, secret) {
      const expected = documented(visitorId, secret);
      assert.equal(await generateIdentityHmac(visitorId, secret), expected);
      assert.equal(await new IdentityKey(secret).sign(visitorId), expected);
      assert.equal(await new IdentityKey(secret).verify(visitorId, expected), true);
    }

    test('for random texts of every length up to 1,000 characters', async () => {
      for (let length = 1; length <= 1000; length++) {
        await signsAlike(randomText(length), randomText(randomInt(1, 200)));
      }
    });

    test('for random bytes of every length up to 1,000', async () => {
      for (let length = 1; length <= 1000; length++) {
        await signsAlike(randomBytes(length), randomBytes(randomInt(1, 200)));
      }
    });

    test('wherever a character stands that takes several bytes', async () => {
      for (const character of PIECES) {
        for (let before = 0; before <= 600; before++) {
          await signsAlike('v'.repeat(before) + character, 's3cret');
          await signsAlike(
            'v'.repeat(before) + character.repeat(5),
            's'.repeat(before) + character,
          );
        }
      }
    });

    test('for a lone surrogate at the start, in the middle and at the end', async () => {
      for (const text of ['\ud800x', 'x\udfff', 'x\ud800x', '\udc00\ud800', '\ud800', '\udfff']) {
        await signsAlike(text, text);
        assert.equal(
          await generateIdentityHmac(text, 's3cret'),
          await generateIdentityHmac(text.replace(/[\ud800-\udfff]/g, '\ufffd'), 's3cret'),
        );
      }
    });

    test('for texts that V8 keeps as ropes, slices and two-byte strings', async () => {
      const long = 'visitor-'.repeat(50);
      await signsAlike(`${long}${Date.now()}${long}`, `${long}${Math.random()}`);
      await signsAlike(long.slice(13, 99), long.slice(7));
      await signsAlike(`${long}€`.slice(0, -1), `€${long}`.slice(1));
    });

    test('for a megabyte', async () => {
      await signsAlike('é'.repeat(2 ** 19), '🦀'.repeat(2 ** 18));
      await signsAlike(randomBytes(2 ** 20), randomBytes(2 ** 20));
    });

    test('for views of a part of a buffer, from the heap, a pool or shared memory', async () => {
      for (const buffer of [new ArrayBuffer(300), new SharedArrayBuffer(300)]) {
        new Uint8Array(buffer).set(randomBytes(300));
        for (const [offset, length] of [
          [0, 300],
          [1, 40],
          [7, 293],
          [299, 1],
        ]) {
          await signsAlike(
            new Uint8Array(buffer, offset, length),
            Buffer.from(buffer, offset, length),
          );
        }
      }
      await signsAlike(Uint8Array.of(1, 2, 3), Buffer.from('from a pool').subarray(2, 5));
      await signsAlike(runInNewContext('Uint8Array.of(1, 2, 3)'), Buffer.from('of another realm'));
      await signsAlike(new (class extends Uint8Array {})(5), Buffer.allocUnsafeSlow(70).fill(1));
    });
  });

  describe(`${entry} takes a buffer as it is now`, () => {
    const refuses = (operation, code) => assert.rejects(async () => operation(), { code });

    test('a detached buffer is an empty one', async () => {
      const detached = new Uint8Array(40);
      structuredClone(detached.buffer, { transfer: [detached.buffer] });
      const key = new IdentityKey('s3cret');
      await refuses(() => key.sign(detached), 'empty_visitor_id');
      await refuses(() => new IdentityKey(detached), 'empty_secret');
      assert.equal(await key.verify(detached, await key.sign('x')), false);
      assert.equal(await key.verify('x', detached), false);
    });

    test('a resizable buffer has the length that it has been given last', async () => {
      const buffer = new ArrayBuffer(8, { maxByteLength: 1024 });
      const tracking = new Uint8Array(buffer);
      const fixed = new Uint8Array(buffer, 4, 4);
      const sign = (visitorId) => generateIdentityHmac(visitorId, 's3cret');
      buffer.resize(1000);
      tracking.fill(0x76);
      assert.equal(await sign(tracking), documented('v'.repeat(1000), 's3cret'));
      buffer.resize(6);
      assert.equal(await sign(tracking), documented('v'.repeat(6), 's3cret'));
      await refuses(() => sign(fixed), 'empty_visitor_id');
      buffer.resize(0);
      await refuses(() => sign(tracking), 'empty_visitor_id');
    });
  });
}
