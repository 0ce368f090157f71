// What the npm package's functions cost, beside what Node gives. Run with --expose-gc from the
// project in which the package is installed.

import { createHmac, createSecretKey, randomBytes, subtle, timingSafeEqual } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.cwd(), 'package.json'));
const identityHmac = require('identity-hmac');

const ROUNDS = 25;
const SAMPLE_SECONDS = 0.03;
const IDS = 1000;

const SECRET = randomBytes(32).toString('hex');
const KEY = new identityHmac.IdentityKey(SECRET);
const KEY_OBJECT = createSecretKey(SECRET, 'utf8');
const CRYPTO_KEY = await subtle.importKey(
  'raw',
  Buffer.from(SECRET),
  { name: 'HMAC', hash: 'SHA-256' },
  false,
  ['sign', 'verify'],
);
const encoder = new TextEncoder();

/** The document's function. */
function generateIdentityHmac(visitorId, secret) {
  return createHmac('sha256', secret).update(visitorId).digest('hex');
}

function documentedVerify(visitorId, signature) {
  const expected = Buffer.from(generateIdentityHmac(visitorId, SECRET));
  const given = Buffer.from(signature);
  return expected.length === given.length && timingSafeEqual(expected, given);
}

async function signWithWebCrypto(visitorId) {
  const signature = await subtle.sign('HMAC', CRYPTO_KEY, encoder.encode(visitorId));
  return Buffer.from(signature).toString('hex');
}

const documented = (visitorId) => generateIdentityHmac(visitorId, SECRET);
const ONE_CALL = {
  'documented function': documented,
  'identity-hmac': (visitorId) => identityHmac.generateIdentityHmac(visitorId, SECRET),
};
const PREPARED = {
  'documented function': documented,
  'documented function, KeyObject': (visitorId) => generateIdentityHmac(visitorId, KEY_OBJECT),
  'WebCrypto, awaited': signWithWebCrypto,
  'identity-hmac': (visitorId) => KEY.sign(visitorId),
};
const VERIFY_ONE_CALL = {
  'documented function, timingSafeEqual': documentedVerify,
  'identity-hmac': (visitorId, signature) =>
    identityHmac.verifyIdentityHmac(visitorId, signature, SECRET),
};
const VERIFY_PREPARED = {
  'documented function, timingSafeEqual': documentedVerify,
  'WebCrypto, awaited': (visitorId, signature) =>
    subtle.verify('HMAC', CRYPTO_KEY, Buffer.from(signature, 'hex'), encoder.encode(visitorId)),
  'identity-hmac': (visitorId, signature) => KEY.verify(visitorId, signature),
};

/** Ids of so many bytes, each with its signature. */
function pairsOf(length) {
  return Array.from({ length: IDS }, () => {
    const visitorId = randomBytes(length / 2).toString('hex');
    return { visitorId, signature: generateIdentityHmac(visitorId, SECRET) };
  });
}

async function checkSigning(contenders, pairs) {
  for (const [contender, sign] of Object.entries(contenders)) {
    for (const { visitorId, signature } of pairs) {
      if ((await sign(visitorId)) !== signature) {
        throw new Error(`${contender} signs ${visitorId} otherwise than the documented function`);
      }
    }
  }
}

async function checkVerifying(contenders, pairs) {
  for (const [contender, verify] of Object.entries(contenders)) {
    for (const { visitorId, signature: right } of pairs) {
      for (const { signature } of pairs) {
        if ((await verify(visitorId, signature)) !== (signature === right)) {
          throw new Error(`${contender} is wrong about ${signature} for ${visitorId}`);
        }
      }
    }
  }
}

async function seconds(passes, pairs, contender) {
  // Every sample begins without another contender's garbage.
  globalThis.gc();
  const started = process.hrtime.bigint();
  for (let pass = 0; pass < passes; pass += 1) {
    for (const { visitorId, signature } of pairs) {
      const answer = contender(visitorId, signature);
      // To await what is there already would cost ours a turn of the event loop's queue.
      if (typeof answer === 'object') await answer;
    }
  }
  return Number(process.hrtime.bigint() - started) / 1e9;
}

async function measure(name, contenders, pairs) {
  console.error(`node: ${name}`);
  const passes = {};
  for (const [contender, run] of Object.entries(contenders)) {
    let quickest = Number.POSITIVE_INFINITY;
    // So often that all of it is compiled.
    for (let time = 0; time < 10; time += 1) {
      quickest = Math.min(quickest, await seconds(1, pairs, run));
    }
    passes[contender] = 1 + Math.floor(SAMPLE_SECONDS / quickest);
  }
  const turn = Object.keys(contenders);
  const rates = Object.fromEntries(turn.map((contender) => [contender, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const contender of turn) {
      const taken = await seconds(passes[contender], pairs, contenders[contender]);
      rates[contender].push((passes[contender] * pairs.length) / taken);
    }
    turn.push(turn.shift());
  }
  for (const [contender, rate] of Object.entries(rates)) {
    console.log(JSON.stringify({ section: 'node', case: name, contender, rate }));
  }
}

for (const length of [36, 8, 1000]) {
  const pairs = pairsOf(length);
  for (const [kind, contenders] of [
    ['one call', ONE_CALL],
    ['prepared', PREPARED],
  ]) {
    await checkSigning(contenders, pairs);
    await measure(`sign, ${kind}, ${length} bytes`, contenders, pairs);
  }
}
const pairs = pairsOf(36);
for (const [kind, contenders] of [
  ['one call', VERIFY_ONE_CALL],
  ['prepared', VERIFY_PREPARED],
]) {
  await checkVerifying(contenders, pairs.slice(0, 30));
  await measure(`verify, ${kind}, 36 bytes`, contenders, pairs);
}

const versions = {
  Node: process.versions.node,
  'its OpenSSL': process.versions.openssl,
  'identity-hmac': require('identity-hmac/package.json').version,
};
console.log(JSON.stringify({ versions }));
