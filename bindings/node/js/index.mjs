// One implementation for both module systems, so that `instanceof` holds between them.
export {
  generateIdentityHmac,
  generateSecret,
  IdentityHmacError,
  IdentityKey,
  Keyring,
  verifyIdentityHmac,
} from './index.cjs';
