import { brand } from './brand.mjs';
import { readBytes } from './bytes.mjs';
import { readEnvironment } from './environment.mjs';
import { wrongType } from './error.mjs';
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
      return new this(checked(name, readEnvironment(name)));
    }

    static fromSetting(name, value) {
      return new this(checked(name, value));
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

  /** The value of a setting that is fit to be a secret. */
  function checked(name, value) {
    if (typeof name !== 'string') {
      throw wrongType('name', 'a string', name);
    }
    if (value != null && readBytes(value) === undefined) {
      throw wrongType('value', 'a string or a Uint8Array', value);
    }
    checkSetting(name, value);
    return value;
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

    static fromEnv(current, previous) {
      const secret = readEnvironment(previous, 'previous');
      return new this(
        checked(current, readEnvironment(current, 'current')),
        // Compose and Kubernetes can set a variable to nothing more easily than unset it.
        secret ? checked(previous, secret) : null,
      );
    }

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
