/** What people pass by mistake: by its class, or by the type of a KeyObject. */
const KINDS = {
  __proto__: null,
  Array: 'an array',
  ArrayBuffer: 'an ArrayBuffer',
  CryptoKey: 'a CryptoKey',
  DataView: 'a DataView',
  Date: 'a Date',
  Error: 'an Error',
  IdentityKey: 'an IdentityKey',
  IdentityTokenKey: 'an IdentityTokenKey',
  IdentityTokenKeyring: 'an IdentityTokenKeyring',
  Keyring: 'a Keyring',
  Map: 'a Map',
  Promise: 'a Promise, which has to be awaited first',
  Set: 'a Set',
  SharedArrayBuffer: 'a SharedArrayBuffer',
  String: 'a String object',
  User: 'a User',
  private: 'a private KeyObject',
  public: 'a public KeyObject',
  secret: 'a secret KeyObject',
};

/**
 * The kind of a value, in words for an error. Only words that stand in this file: a class, like
 * every other property, may hold what must not be shown.
 */
export function kindOf(value) {
  if (value === undefined || value === null) {
    return String(value);
  }
  if (typeof value !== 'object') {
    return `a ${typeof value}`;
  }
  const name = keyObjectType(value) ?? classOf(value);
  if (/^(?:Big)?(?:Int|Uint|Float)[0-9]{1,2}(?:Clamped)?Array$/.test(name)) {
    return `${name.startsWith('I') ? 'an' : 'a'} ${name}`;
  }
  return KINDS[name] ?? 'an object';
}

/** `secret`, `public` or `private` of a KeyObject; undefined for anything else. */
export function keyObjectType(value) {
  try {
    return classOf(value) === 'KeyObject' ? value.type : undefined;
  } catch {
    return undefined;
  }
}

/** The name of an object's class, as it gives it; undefined where a proxy or a getter throws. */
export function classOf(value) {
  try {
    return Object.prototype.toString.call(value).slice(8, -1);
  } catch {
    return undefined;
  }
}
