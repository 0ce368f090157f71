// Whether a value is a key that the addon has prepared, in whichever copy of this module.

import addon from './addon.cjs';

export function isPrepared(value) {
  try {
    // The addon throws if this is not one of its keys.
    return addon.verify(value) === false;
  } catch {
    return false;
  }
}

export function isPreparedTokenKey(value) {
  try {
    return typeof addon.tokenKeyId(value) === 'string';
  } catch {
    return false;
  }
}
