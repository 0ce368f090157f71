import { load } from './load.mjs';

export const {
  generateIdentityHmac,
  generateSecret,
  generateTokenKey,
  IdentityHmacError,
  IdentityKey,
  IdentityTokenError,
  IdentityTokenKey,
  IdentityTokenKeyring,
  Keyring,
  verifyIdentityHmac,
} = load('');
