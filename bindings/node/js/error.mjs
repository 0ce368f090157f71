/** Input that is refused before anything is signed. */
export class IdentityHmacError extends Error {
  static {
    Object.defineProperty(IdentityHmacError.prototype, 'name', {
      value: 'IdentityHmacError',
      configurable: true,
      writable: true,
    });
  }

  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** A TypeError with the code that Node's own functions give it. */
export function wrongType(message) {
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' });
}
