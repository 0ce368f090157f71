import { brand } from './brand.mjs';
import { readEnvironment } from './environment.mjs';
import { declareHandover } from './handover.mjs';
import { Opaque } from './opaque.mjs';

/**
 * The classes of an entry: over the native addon, or over Web Crypto's functions. `entry` is its
 * name, and `secretTypes` says what its `prepareKey` takes.
 */
export function declareClasses({
  entry,
  secretTypes,
  checkSetting,
  isPrepared,
  keyringMatched,
  keyringVerify,
  prepareKey,
  prepareKeyring,
  sign,
  verify,
}) {
  const handover = declareHandover(entry, 'key', isPrepared);

  class IdentityKey extends Opaque {
    #key;

    static fromEnv(name = 'IDENTITY_SECRET') {
      const secret = readEnvironment(name);
      checkSetting(name, secret);
      return new this(secret);
    }

    constructor(secret) {
      super();
      this.#key = prepareKey(secret, 'secret', secretTypes);
    }

    get [Symbol.toStringTag]() {
      return 'IdentityKey';
    }

    [handover.method]() {
      return this.#key;
    }

    sign(visitorId) {
      return sign(this.#key, visitorId);
    }

    verify(visitorId, hmac) {
      return verify(this.#key, visitorId, hmac);
    }
  }

  /** The prepared key inside an IdentityKey, or a new one from a secret. */
  function preparedKey(key, argument) {
    return (
      handover.take(key) ??
      prepareKey(key, argument, `${secretTypes}, or an IdentityKey of ${entry} ${VERSION}`)
    );
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

  brand(IdentityKey, 'IdentityKey', entry);
  brand(Keyring, 'Keyring', entry);
  return { IdentityKey, Keyring };
}
