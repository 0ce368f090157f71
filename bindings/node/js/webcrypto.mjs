// The entry `identity-hmac/webcrypto`, for runtimes that load no native addon: the one part of the
// product that does not use the core. Web Crypto makes and compares the HMACs, and the core's rules
// stand here again. The shared vectors and tests/conformance hold the two equal.

import { declareClasses } from './classes.mjs';
import { IdentityHmacError, wrongType } from './error.mjs';
import { exportSecret } from './key-object.mjs';
import { tagOf } from './kind.mjs';
import { checkSetting } from './setting.mjs';

const SECRET_TYPES =
  'a string, a Uint8Array, a secret KeyObject, or a CryptoKey to sign and verify with HMAC-SHA-256';

// By other names here, since the bundler would rename the classes rather than these.
const { IdentityKey: Key, Keyring: Ring } = declareClasses({
  entry: 'identity-hmac/webcrypto',
  secretTypes: SECRET_TYPES,
  checkSetting,
  isPrepared: (key) => tagOf(key) === 'Promise',
  keyringMatched,
  keyringVerify: async (...args) => (await keyringMatched(...args)) !== null,
  prepareKey,
  prepareKeyring: (current, previous) => ({ current, previous }),
  sign,
  verify,
});

export { IdentityHmacError, Key as IdentityKey, Ring as Keyring };

export async function generateIdentityHmac(visitorId, secret) {
  return new Key(secret).sign(visitorId);
}

export async function verifyIdentityHmac(visitorId, hmac, secret) {
  return new Key(secret).verify(visitorId, hmac);
}

export async function generateSecret() {
  return encodeHex(crypto.getRandomValues(new Uint8Array(32)));
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
  const key = crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ]);
  // A failure belongs to whoever uses the key, and must not end the process before.
  key.catch(() => {});
  return key;
}

/** Whether this is a CryptoKey that signs and verifies with HMAC-SHA-256. */
function isHmacKey(key) {
  return (
    tagOf(key) === 'CryptoKey' &&
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

/**
 * The UTF-8 of a string, or a copy of what a Uint8Array shows now; undefined for anything else.
 * Asks the value nothing that it could answer with code of its own.
 */
function readBytes(value) {
  if (typeof value === 'string') {
    return new TextEncoder().encode(value);
  }
  if (typedArrayName(value) === 'Uint8Array') {
    // A detached array has the length 0, but cannot be copied.
    return typedArrayLength(value) === 0 ? new Uint8Array() : new Uint8Array(value);
  }
  return undefined;
}

const typedArrayName = typedArrayGetter(Symbol.toStringTag);
const typedArrayLength = typedArrayGetter('length');

function typedArrayGetter(property) {
  const { get } = Object.getOwnPropertyDescriptor(
    Object.getPrototypeOf(Uint8Array.prototype),
    property,
  );
  return (value) => Reflect.apply(get, value, []);
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

function encodeHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
