// What the npm package's functions cost, beside what Node gives, and what its identity tokens cost
// beside jsonwebtoken and jose. Run with --expose-gc from the project in which the packages are
// installed.

import { deepEqual, equal } from 'node:assert/strict';
import { createHmac, createSecretKey, randomBytes, subtle, timingSafeEqual } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.cwd(), 'package.json'));
const identityHmac = require('identity-hmac');
const jose = require('jose');
const jwt = require('jsonwebtoken');

const ROUNDS = 25;
const SAMPLE_SECONDS = 0.03;
const IDS = 1000;
// The cases with this text in their name are run.
const WANTED = process.env.BENCH_CASE ?? '';

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

const TOKEN_KEY_TEXT = identityHmac.generateTokenKey();
const KEY_ID = TOKEN_KEY_TEXT.slice(4, 12);
const TOKEN_KEY = new identityHmac.IdentityTokenKey(TOKEN_KEY_TEXT);
const TOKEN_KEYRING = new identityHmac.IdentityTokenKeyring(TOKEN_KEY);
const TOKEN_KEY_OBJECT = createSecretKey(TOKEN_KEY_TEXT, 'utf8');
const AUDIENCE = 'pk_3f9a1c7e5b2d4860';
/** What `identify()` takes of a user, beside the ids. */
const ATTRIBUTES = {
  name: 'Jane Doe',
  email: 'jane@example.com',
  metadata: { plan: 'pro', seats: 12, trial: false },
};

/** The ways to sign a token that also says `attributes` and names `audience`. */
function tokenSigners(attributes, audience) {
  const withJsonwebtoken = (key) => (visitorId) => {
    const options = { subject: 'user_123', expiresIn: 300, keyid: KEY_ID };
    if (audience) options.audience = audience;
    return jwt.sign({ visitorId, ...attributes }, key, options);
  };
  return {
    jsonwebtoken: withJsonwebtoken(TOKEN_KEY_TEXT),
    'jsonwebtoken, KeyObject': withJsonwebtoken(TOKEN_KEY_OBJECT),
    'jose, awaited': (visitorId) => {
      const token = new jose.SignJWT({ visitorId, ...attributes })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: KEY_ID })
        .setSubject('user_123')
        .setIssuedAt()
        .setExpirationTime('5m');
      if (audience) token.setAudience(audience);
      return token.sign(TOKEN_KEY_OBJECT);
    },
    'identity-hmac': (visitorId) =>
      TOKEN_KEY.sign({ visitorId, externalId: 'user_123', ...attributes }, { audience }),
  };
}

/** What our keyring demands beyond what the library has checked. */
function checked(claims, visitorId) {
  const { sub, iat, exp } = claims;
  const isRight =
    claims.visitorId === visitorId &&
    typeof sub === 'string' &&
    typeof iat === 'number' &&
    iat <= Date.now() / 1000 + 60 &&
    exp > iat &&
    exp - iat <= 3600;
  if (!isRight) throw new Error('the claims are not as they have to be');
  return claims;
}

/** The ways to get the claims of a token. */
function tokenVerifiers(audience) {
  const withJsonwebtoken = (key) => {
    const options = { algorithms: ['HS256'], audience, clockTolerance: 60 };
    return (visitorId, token) => checked(jwt.verify(token, key, options), visitorId);
  };
  const options = {
    algorithms: ['HS256'],
    audience,
    clockTolerance: 60,
    requiredClaims: ['sub', 'visitorId', 'iat', 'exp'],
  };
  return {
    jsonwebtoken: withJsonwebtoken(TOKEN_KEY_TEXT),
    'jsonwebtoken, KeyObject': withJsonwebtoken(TOKEN_KEY_OBJECT),
    'jose, awaited': async (visitorId, token) =>
      checked((await jose.jwtVerify(token, TOKEN_KEY_OBJECT, options)).payload, visitorId),
    'identity-hmac': (visitorId, token) => TOKEN_KEYRING.verify(token, visitorId, { audience }),
  };
}

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

/** Every contender's token says the same, to every verifier. */
async function checkSigningTokens(signers, verifiers, visitorId, attributes) {
  for (const sign of Object.values(signers)) {
    const token = await sign(visitorId);
    for (const verify of Object.values(verifiers)) {
      const claims = await verify(visitorId, token);
      const { name, email, metadata } = claims;
      deepEqual({ ...attributes }, JSON.parse(JSON.stringify({ name, email, metadata })));
      equal(claims.sub ?? claims.externalId, 'user_123');
      equal((claims.exp ?? claims.expiresAt) - (claims.iat ?? claims.issuedAt), 300);
    }
  }
}

async function checkVerifyingTokens(verifiers, pairs) {
  for (const [contender, verify] of Object.entries(verifiers)) {
    for (const { visitorId, signature: right } of pairs) {
      const forged = `${right.slice(0, -1)}${right.endsWith('A') ? 'E' : 'A'}`;
      for (const token of [...pairs.map(({ signature }) => signature), forged]) {
        const isAccepted = await Promise.resolve()
          .then(() => verify(visitorId, token))
          .then(Boolean, () => false);
        if (isAccepted !== (token === right)) {
          throw new Error(`${contender} is wrong about ${token} for ${visitorId}`);
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
      if (typeof answer === 'object' && typeof answer.then === 'function') await answer;
    }
  }
  return Number(process.hrtime.bigint() - started) / 1e9;
}

async function measure(name, contenders, pairs) {
  if (!name.includes(WANTED)) return;
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

for (const [kind, attributes, audience] of [
  ['minimal', {}, undefined],
  ['all claims', ATTRIBUTES, AUDIENCE],
]) {
  const signers = tokenSigners(attributes, audience);
  const verifiers = tokenVerifiers(audience);
  await checkSigningTokens(signers, verifiers, pairs[0].visitorId, attributes);
  await measure(`sign a token, ${kind}`, signers, pairs);
  const tokens = pairs.map(({ visitorId }) => {
    return { visitorId, signature: signers['identity-hmac'](visitorId) };
  });
  await checkVerifyingTokens(verifiers, tokens.slice(0, 10));
  await measure(`verify a token, ${kind}`, verifiers, tokens);
}

const versions = {
  Node: process.versions.node,
  'its OpenSSL': process.versions.openssl,
  jsonwebtoken: require('jsonwebtoken/package.json').version,
  jose: require('jose/package.json').version,
  'identity-hmac': require('identity-hmac/package.json').version,
};
console.log(JSON.stringify({ versions }));
