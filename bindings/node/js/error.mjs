import { brand } from './brand.mjs';
import { kindOf } from './kind.mjs';

/** Input that is refused before anything is signed. */
export class IdentityHmacError extends Error {
  constructor(message, options) {
    super(message, options);
    this.code = options?.code ?? 'invalid_input';
  }
}

brand(IdentityHmacError, 'IdentityHmacError', 'identity-hmac');
Object.defineProperty(IdentityHmacError.prototype, 'name', {
  value: 'IdentityHmacError',
  configurable: true,
  writable: true,
});

/** A TypeError with the code that Node's own functions give it. */
export function wrongType(argument, expected, value) {
  const message = `${argument} must be ${expected}; received ${kindOf(value)}`;
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' });
}
