// The entry `identity-hmac`: the core, through the native addon.

import addon from './addon.cjs';
import { declareClasses } from './classes.mjs';
import { IdentityHmacError } from './error.mjs';

addon.useErrorClass(IdentityHmacError);

// By other names here, since the bundler would rename the classes rather than these.
const { IdentityKey: Key, Keyring: Ring } = declareClasses(addon);

export { IdentityHmacError, Key as IdentityKey, Ring as Keyring };
export const { generateIdentityHmac, generateSecret, verifyIdentityHmac } = addon;
