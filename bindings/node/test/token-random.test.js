// The entry on Web Crypto has the core's rules for tokens once more. Random claims and random damage
// show where the two would differ.

import assert from 'node:assert/strict';
import { createHmac, randomInt } from 'node:crypto';
import { test } from 'node:test';
import { implementations } from './implementations.js';

const [[, native], [, webcrypto]] = implementations;
const TEXT = native.generateTokenKey();
const KEY = new native.IdentityTokenKey(TEXT);
const WEB_KEY = new webcrypto.IdentityTokenKey(TEXT);
const NOW = 1_764_000_000;

const oneOf = (values) => values[randomInt(values.length)];
const times = (count, make) => Array.from({ length: count }, make);

const PIECES = [
  'a',
  'Z',
  '0',
  ' ',
  '"',
  '\\',
  '/',
  '\n',
  '\x7f',
  'é',
  '\u2028',
  '\ufeff',
  '\ufffd',
];
const text = (most) =>
  times(randomInt(most + 1), () => oneOf([...PIECES, '\uffff', '🦀'])).join('');

/** Numbers about the limits of the types in which they are kept; of integers those that are taken. */
function number() {
  const sign = oneOf([1, -1]);
  const number =
    sign *
    oneOf([
      () => 0,
      () => randomInt(1000),
      () => Math.random(),
      () => Math.random() * 10 ** randomInt(-20, 25),
      () => 10 ** randomInt(-20, 25),
      () => 2 ** randomInt(52, 66) + randomInt(3),
      () => Number.MAX_VALUE,
      () => Number.MIN_VALUE,
    ])();
  // What counts is the text: -(2 ** 63) becomes -9223372036854776000, which 64 bits do not hold.
  const json = JSON.stringify(number);
  const isLarge =
    /^-?\d+$/.test(json) && (BigInt(json) < -(2n ** 63n) || BigInt(json) >= 2n ** 64n);
  return isLarge ? 2 ** 53 : number;
}

function value(levels) {
  const kinds = [number, number, () => text(8), () => null, () => true, () => false];
  if (levels > 0) {
    kinds.push(
      () => times(randomInt(4), () => value(levels - 1)),
      () => object(levels - 1),
    );
  }
  return oneOf(kinds)();
}

function object(levels) {
  return Object.fromEntries(
    times(randomInt(5), () => [oneOf([text(4), '__proto__', '7', 'plan']), value(levels)]),
  );
}

function attribute(make) {
  return oneOf([() => undefined, () => null, make])();
}

test('both entries make the same token of random claims, and read the same from it', async () => {
  for (let i = 0; i < 1000; i++) {
    const claims = {
      visitorId: `v${text(20)}`,
      externalId: `u${text(20)}`,
      name: attribute(() => `n${text(20)}`),
      email: attribute(() => oneOf(['jane@example.com', 'käufer@münchen.example'])),
      metadata: attribute(() => object(6)),
    };
    const audience = attribute(() => `pk_${text(5)}`) ?? undefined;
    const options = { now: NOW, audience, expiresIn: randomInt(1, 86_401) };
    const token = KEY.sign(claims, options);
    assert.equal(await WEB_KEY.sign(claims, options), token);
    const day = { maxLifetime: 86_400 };
    const verifying = { now: NOW, audience };
    const read = new native.IdentityTokenKeyring(KEY, null, day).verify(
      token,
      claims.visitorId,
      verifying,
    );
    assert.deepEqual(
      await new webcrypto.IdentityTokenKeyring(WEB_KEY, null, day).verify(
        token,
        claims.visitorId,
        verifying,
      ),
      read,
    );
    assert.deepEqual(
      read.metadata,
      JSON.parse(JSON.stringify(claims.metadata ?? null)) ?? claims.metadata,
    );
  }
});

/** What verifying comes to: the claims, or what the error says. */
async function outcome(key, token) {
  try {
    return await key.verify(token, 'visitor_1', { now: NOW });
  } catch ({ code, field, reason }) {
    return { code, field, reason };
  }
}

function signed(header, payload) {
  const encode = (bytes) => Buffer.from(bytes).toString('base64url');
  const parts = `${encode(header)}.${encode(payload)}`;
  return `${parts}.${createHmac('sha256', TEXT).update(parts).digest('base64url')}`;
}

const HEADER = '{"alg":"HS256","typ":"JWT","kid":null,"jwk":{"k":[1,2.5e3,"a\\u00e9"]}}'.replace(
  'null',
  `"${KEY.keyId}"`,
);
const PAYLOAD =
  `{"sub":"user_1","visitorId":"visitor_1","iat":${NOW},"exp":${NOW + 60.5},"nbf": -0.5e1 ,` +
  '"aud":[],"name":"Zo\\u00eb \\ud83e\\udd80 é","email":"jane@example.com",' +
  '"metadata":{"a":[1,-0,1e5,{"b":[[],{}]}],"c":true,"d":null,"":"\\"\\\\\\n"},"other":[{"x":1}]}';
const MARKS = [...'{}[]:,"\\.-+eE019 \n\t\0truefalsn@', 'null', '\\u0000', '\\ud800', '\ufeff'];
const CLAIMS = [
  'sub',
  'iat',
  'exp',
  'nbf',
  'aud',
  'name',
  'email',
  'metadata',
  'a',
  'other',
  'alg',
];

/** The bytes of a text after one to three random changes. */
function damaged(json) {
  let bytes = Buffer.from(json);
  for (let i = randomInt(1, 4); i > 0; i--) {
    const at = randomInt(bytes.length);
    const piece = oneOf([
      () => Buffer.from(oneOf(MARKS)),
      () => Buffer.from([randomInt(256)]),
      () => Buffer.from(`,"${oneOf(CLAIMS)}":${oneOf(['1', '"x"', 'null', '[]', '{}', '1e400'])}`),
      () => Buffer.from('['.repeat(randomInt(12))),
      () => bytes.subarray(at, at + randomInt(20)),
    ])();
    const removed = oneOf([0, 0, 1, 1, 2, randomInt(10)]);
    bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + removed)]);
  }
  return bytes;
}

for (const [part, make] of [
  ['payloads', () => signed(HEADER, damaged(PAYLOAD))],
  ['headers', () => signed(damaged(HEADER), PAYLOAD.replace('"aud":[],', ''))],
]) {
  test(`both entries answer the same to ${part} with random damage`, async () => {
    const seen = new Set();
    for (let i = 0; i < 4000; i++) {
      const token = make();
      const expected = await outcome(KEY, token);
      assert.deepEqual(await outcome(WEB_KEY, token), expected, token);
      seen.add([expected.code, expected.field, expected.reason].join());
    }
    assert(seen.size > (part === 'payloads' ? 20 : 1), [...seen].join(' '));
  });
}
