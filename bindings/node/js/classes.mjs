import { wrongType } from './error.mjs';
import { Opaque } from './opaque.mjs';

/** The classes of both entries: over the native addon, or over WebCrypto's functions. */
export function declareClasses({
  checkSetting,
  keyringMatched,
  keyringVerify,
  prepareKey,
  prepareKeyring,
  sign,
  verify,
}) {
  /** The prepared key inside an IdentityKey, or a new one from a secret. */
  let preparedKey;

  class IdentityKey extends Opaque {
    #key;

    static {
      preparedKey = (key, argument) => (#key in Object(key) ? key.#key : prepareKey(key, argument));
    }

    static fromEnv(name = 'IDENTITY_SECRET') {
      if (typeof name !== 'string') {
        throw wrongType('name must be a string');
      }
      const secret = globalThis.process?.env?.[name] ?? globalThis.Deno?.env.get(name);
      checkSetting(name, secret);
      return new this(secret);
    }

    constructor(secret) {
      super();
      this.#key = prepareKey(secret, 'secret');
    }

    get [Symbol.toStringTag]() {
      return 'IdentityKey';
    }

    sign(visitorId) {
      return sign(this.#key, visitorId);
    }

    verify(visitorId, hmac) {
      return verify(this.#key, visitorId, hmac);
    }
  }

  class Keyring extends Opaque {
    #current;
    #keyring;

    constructor(current, previous) {
      super();
      this.#current = preparedKey(current, 'current');
      this.#keyring = prepareKeyring(
        this.#current,
        previous == null ? undefined : preparedKey(previous, 'previous'),
      );
    }

    get [Symbol.toStringTag]() {
      return 'Keyring';
    }

    sign(visitorId) {
      return sign(this.#current, visitorId);
    }

    verify(visitorId, hmac) {
      return keyringVerify(this.#keyring, visitorId, hmac);
    }

    matched(visitorId, hmac) {
      return keyringMatched(this.#keyring, visitorId, hmac);
    }
  }

  return { IdentityKey, Keyring };
}
