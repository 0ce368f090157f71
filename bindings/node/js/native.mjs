// The entry `identity-hmac`: the core, through the native addon. If the addon refuses its input, it
// returns null or what is wrong. It throws no error, since that would belong to another realm than the
// caller's: in Jest, for example, it would not be an `instanceof TypeError`.

import addon from './addon.cjs';
import { declareClasses } from './classes.mjs';
import { IdentityHmacError, wrongType } from './error.mjs';
import { exportSecret } from './key-object.mjs';

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

export { IdentityHmacError, Key as IdentityKey, Ring as Keyring };

export const { generateSecret } = addon;

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
  const refusal = addon.checkSetting(name, value);
  if (refusal !== null) {
    throw inputError(refusal);
  }
}

/** Whether this is what `prepareKey` returns, in whichever copy of this module. */
function isPrepared(value) {
  try {
    // The addon throws if this is not one of its keys.
    return addon.verify(value) === false;
  } catch {
    return false;
  }
}

function prepareKey(secret, argument, types) {
  const exported = exportSecret(secret);
  const key = addon.prepareKey(exported ?? secret);
  exported?.fill(0);
  if (key === null) {
    throw wrongType(argument, types, secret);
  }
  if (key.code !== undefined) {
    throw inputError(key);
  }
  return key;
}

function sign(key, visitorId) {
  const hmac = addon.sign(key, visitorId);
  if (typeof hmac === 'string') {
    return hmac;
  }
  throw hmac === null
    ? wrongType('visitorId', 'a string or a Uint8Array', visitorId)
    : inputError(hmac);
}

function inputError({ code, message }) {
  return new IdentityHmacError(message, { code });
}
