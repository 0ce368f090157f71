// The entry `identity-hmac`: the core, through the native addon. If the addon refuses its input, it
// returns null or what is wrong. It throws no error, since that would belong to another realm than the
// caller's: in Jest, for example, it would not be an `instanceof TypeError`.

import addon from './addon.cjs';
import { readSigning, readVerifying } from './arguments.mjs';
import { declareClasses } from './classes.mjs';
import { IdentityHmacError, IdentityTokenError, wrongType } from './error.mjs';
import { exportSecret } from './key-object.mjs';
import { isPrepared, isPreparedTokenKey } from './prepared.mjs';
import { declareTokenClasses } from './token-classes.mjs';
import { verifiedClaims } from './verified-claims.mjs';

// By other names here, since the bundler would rename the classes rather than these.
const { IdentityKey: Key, Keyring: Ring } = declareClasses({
  ...addon,
  entry: 'identity-hmac',
  secretTypes: 'a string, a Uint8Array or a secret KeyObject',
  checkSetting,
  isPrepared,
  prepareKey,
  sign,
});

const { IdentityTokenKey: TokenKey, IdentityTokenKeyring: TokenRing } = declareTokenClasses({
  ...addon,
  entry: 'identity-hmac',
  checkTokenKey,
  isPreparedTokenKey,
  prepareTokenKey,
  prepareTokenKeyring,
  signToken,
  verifyToken,
});

export {
  IdentityHmacError,
  IdentityTokenError,
  Key as IdentityKey,
  Ring as Keyring,
  TokenKey as IdentityTokenKey,
  TokenRing as IdentityTokenKeyring,
};

export const { generateSecret, generateTokenKey } = addon;

export function generateIdentityHmac(visitorId, secret) {
  // What the addon refuses goes the long way, which takes a KeyObject and throws the errors.
  return addon.generateIdentityHmac(visitorId, secret) ?? new Key(secret).sign(visitorId);
}

export function verifyIdentityHmac(visitorId, hmac, secret) {
  return (
    addon.verifyIdentityHmac(visitorId, hmac, secret) ?? new Key(secret).verify(visitorId, hmac)
  );
}

function checkSetting(name, value) {
  throwIfRefused(addon.checkSetting(name, value));
}

function prepareKey(secret, argument, types) {
  const exported = exportSecret(secret);
  const key = addon.prepareKey(exported ?? secret);
  exported?.fill(0);
  if (key === null) {
    throw wrongType(argument, types, secret);
  }
  return throwIfRefused(key);
}

function sign(key, visitorId) {
  const hmac = addon.sign(key, visitorId);
  if (typeof hmac === 'string') {
    return hmac;
  }
  throw hmac === null
    ? wrongType('visitorId', 'a string or a Uint8Array', visitorId)
    : new IdentityHmacError(hmac.message, hmac);
}

function checkTokenKey(name, text) {
  if (typeof name !== 'string') {
    throw wrongType('name', 'a string', name);
  }
  throwIfRefused(addon.checkTokenKey(name, text));
}

function prepareTokenKey(text, argument, types) {
  const key = addon.prepareTokenKey(text);
  if (key === null) {
    throw wrongType(argument, types, text);
  }
  return throwIfRefused(key);
}

function prepareTokenKeyring(current, previous, maxLifetime, tokensValidAfter) {
  return throwIfRefused(
    addon.prepareTokenKeyring(current, previous, maxLifetime, tokensValidAfter),
  );
}

function signToken(key, claims, options) {
  const given = readSigning(claims, options);
  const { visitorId, externalId, name, email, metadata, audience, expiresIn, now } = given;
  const signed = addon.signToken(
    key,
    visitorId,
    externalId,
    name,
    email,
    metadata,
    audience,
    expiresIn,
    now,
  );
  return throwIfRefused(signed, IdentityTokenError);
}

function verifyToken(keyring, token, given, options) {
  const { visitorId, audience, now } = readVerifying(given, options);
  const verified = addon.verifyToken(keyring, token, visitorId, audience, now);
  return verifiedClaims(JSON.parse(throwIfRefused(verified, IdentityTokenError)));
}

/** What the addon answered, unless that is a refusal. */
function throwIfRefused(answer, ErrorClass = IdentityHmacError) {
  if (answer?.code !== undefined) {
    throw new ErrorClass(answer.message, answer);
  }
  return answer;
}
