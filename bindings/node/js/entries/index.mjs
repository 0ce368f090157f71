// One implementation for both module systems, so that `instanceof` holds between them.
export {
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
} from './index.cjs';
