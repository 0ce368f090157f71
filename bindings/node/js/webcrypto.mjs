// The entry `identity-hmac/webcrypto`, for runtimes that load no native addon: the one part of the
// product that does not use the core. Web Crypto makes and compares the HMACs, and the core's rules
// stand here again. The shared vectors and tests/conformance hold the two equal.

import { encodeHex, readBytes } from './bytes.mjs';
import { declareClasses } from './classes.mjs';
import { IdentityHmacError, IdentityTokenError, wrongType } from './error.mjs';
import { declareHandover } from './handover.mjs';
import { importKey } from './hmac-key.mjs';
import { exportSecret } from './key-object.mjs';
import { classOf } from './kind.mjs';
import { declareGuard } from './route/guard.mjs';
import { declareWeb } from './route/web.mjs';
import { checkUser, respond, withHmac, withToken } from './route/webcrypto.mjs';
import { checkSetting } from './setting.mjs';
import * as token from './token/token.mjs';
import { declareTokenClasses } from './token-classes.mjs';

const SECRET_TYPES =
  'a string, a Uint8Array, a secret KeyObject, or a CryptoKey to sign and verify with HMAC-SHA-256';

const ENTRY = 'identity-hmac/webcrypto';

// By other names here, since the bundler would rename the classes rather than these.
const { IdentityKey: Key, Keyring: Ring } = declareClasses({
  entry: ENTRY,
  secretTypes: SECRET_TYPES,
  checkSetting,
  isPrepared,
  keyringMatched,
  keyringVerify: async (...args) => (await keyringMatched(...args)) !== null,
  prepareKey,
  prepareKeyring: (current, previous) => ({ current, previous }),
  sign,
  verify,
});

const { IdentityTokenKey: TokenKey, IdentityTokenKeyring: TokenRing } = declareTokenClasses({
  ...token,
  entry: ENTRY,
});

const identityKeys = declareHandover(ENTRY, 'key', isPrepared);
const tokenKeys = declareHandover(ENTRY, 'token key', token.isPreparedTokenKey);
const { User: RouteUser, guard } = declareGuard({ entry: ENTRY, checkUser, prepareRoute, respond });

export const chatIdentityRoute = declareWeb(guard);

export {
  IdentityHmacError,
  IdentityTokenError,
  Key as IdentityKey,
  Ring as Keyring,
  RouteUser as User,
  TokenKey as IdentityTokenKey,
  TokenRing as IdentityTokenKeyring,
};

export async function generateIdentityHmac(visitorId, secret) {
  return new Key(secret).sign(visitorId);
}

export async function verifyIdentityHmac(visitorId, hmac, secret) {
  return new Key(secret).verify(visitorId, hmac);
}

export const { generateTokenKey } = token;

export async function generateSecret() {
  return encodeHex(crypto.getRandomValues(new Uint8Array(32)));
}

/** What writes the route's answer, undefined if this is not a key. */
function prepareRoute(key) {
  const identityKey = identityKeys.take(key);
  if (identityKey !== undefined) {
    return withHmac((visitorId) => sign(identityKey, visitorId));
  }
  const tokenKey = tokenKeys.take(key);
  return tokenKey && withToken(tokenKey);
}

function isPrepared(key) {
  return classOf(key) === 'Promise';
}

/** The promise of a CryptoKey, which not even this module can take the secret out of again. */
function prepareKey(secret, argument, types) {
  if (isHmacKey(secret)) {
    return Promise.resolve(secret);
  }
  const bytes = exportSecret(secret) ?? readBytes(secret);
  if (bytes === undefined) {
    throw wrongType(argument, types, secret);
  }
  if (bytes.length === 0) {
    throw new IdentityHmacError(
      'the identity verification secret is empty; check that the variable or file it comes from is set',
      { code: 'empty_secret' },
    );
  }
  return importKey(bytes);
}

/** Whether this is a CryptoKey that signs and verifies with HMAC-SHA-256. */
function isHmacKey(key) {
  return (
    classOf(key) === 'CryptoKey' &&
    key.algorithm?.name === 'HMAC' &&
    key.algorithm.hash?.name === 'SHA-256' &&
    key.usages?.includes('sign') &&
    key.usages.includes('verify')
  );
}

async function sign(key, visitorId) {
  const bytes = readBytes(visitorId);
  if (bytes === undefined) {
    throw wrongType('visitorId', 'a string or a Uint8Array', visitorId);
  }
  if (bytes.length === 0) {
    throw new IdentityHmacError(
      'the visitor id is empty; pass the id that the chat gave this visitor',
      { code: 'empty_visitor_id' },
    );
  }
  return encodeHex(new Uint8Array(await crypto.subtle.sign('HMAC', await key, bytes)));
}

async function verify(key, visitorId, hmac) {
  const bytes = readBytes(visitorId);
  const candidate = decodeHex(readBytes(hmac));
  if (!bytes?.length || !candidate) {
    return false;
  }
  // Left to the runtime, which compares in constant time.
  return crypto.subtle.verify('HMAC', await key, candidate, bytes);
}

async function keyringMatched({ current, previous }, visitorId, hmac) {
  const [byCurrent, byPrevious] = await Promise.all([
    verify(current, visitorId, hmac),
    previous !== undefined && verify(previous, visitorId, hmac),
  ]);
  return byCurrent ? 'current' : byPrevious ? 'previous' : null;
}

/** The 32 bytes that exactly 64 hexadecimal digits stand for; undefined for anything else. */
function decodeHex(digits) {
  if (digits?.length !== 64) {
    return undefined;
  }
  const text = String.fromCharCode(...digits);
  return /^[0-9A-Fa-f]*$/.test(text)
    ? Uint8Array.from(text.match(/../g), (pair) => Number.parseInt(pair, 16))
    : undefined;
}
