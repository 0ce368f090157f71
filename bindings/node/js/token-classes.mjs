import { readRules } from './arguments.mjs';
import { brand } from './brand.mjs';
import { readEnvironment } from './environment.mjs';
import { declareHandover } from './handover.mjs';
import { Opaque } from './opaque.mjs';

const KEY_TYPES = 'a string or a Uint8Array';

/** The classes for tokens of an entry: over the native addon, or over Web Crypto's functions. */
export function declareTokenClasses({
  entry,
  checkTokenKey,
  isPreparedTokenKey,
  prepareTokenKey,
  prepareTokenKeyring,
  signToken,
  tokenKeyId,
  verifyToken,
}) {
  const handover = declareHandover(entry, 'token key', isPreparedTokenKey);

  class IdentityTokenKey extends Opaque {
    #key;
    #keyring;

    static fromEnv(name = 'IDENTITY_TOKEN_KEY') {
      const text = readEnvironment(name);
      checkTokenKey(name, text);
      return new this(text);
    }

    static fromSetting(name, text) {
      checkTokenKey(name, text);
      return new this(text);
    }

    constructor(text) {
      super();
      this.#key = prepareTokenKey(text, 'text', KEY_TYPES);
      this.#keyring = prepareTokenKeyring(this.#key);
    }

    get [Symbol.toStringTag]() {
      return 'IdentityTokenKey';
    }

    [handover.method]() {
      return this.#key;
    }

    get keyId() {
      return tokenKeyId(this.#key);
    }

    sign(claims, options) {
      return signToken(this.#key, claims, options);
    }

    verify(token, visitorId, options) {
      return verifyToken(this.#keyring, token, visitorId, options);
    }
  }

  /** The prepared key inside an IdentityTokenKey, or a new one from a text. */
  function preparedKey(key, argument) {
    return (
      handover.take(key) ??
      prepareTokenKey(key, argument, `${KEY_TYPES}, or an IdentityTokenKey of ${entry} ${VERSION}`)
    );
  }

  class IdentityTokenKeyring extends Opaque {
    #keyring;

    constructor(current, previous, options) {
      super();
      const { maxLifetime, tokensValidAfter } = readRules(options);
      this.#keyring = prepareTokenKeyring(
        preparedKey(current, 'current'),
        previous == null ? undefined : preparedKey(previous, 'previous'),
        maxLifetime,
        tokensValidAfter,
      );
    }

    get [Symbol.toStringTag]() {
      return 'IdentityTokenKeyring';
    }

    verify(token, visitorId, options) {
      return verifyToken(this.#keyring, token, visitorId, options);
    }
  }

  brand(IdentityTokenKey, 'IdentityTokenKey', entry);
  brand(IdentityTokenKeyring, 'IdentityTokenKeyring', entry);
  return { IdentityTokenKey, IdentityTokenKeyring };
}
