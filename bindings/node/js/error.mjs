import { brand } from './brand.mjs';
import { kindOf } from './kind.mjs';

/** Input that is refused before anything is signed. */
export class IdentityHmacError extends Error {
  constructor(message, options) {
    super(message, options);
    this.code = options?.code ?? 'invalid_input';
  }
}

/** An identity token that is refused, or claims that are not signed. */
export class IdentityTokenError extends IdentityHmacError {
  constructor(message, options) {
    super(message, { code: 'identity_token_invalid', ...options });
    this.field = options?.field;
    this.reason = options?.reason;
    this.remedy = options?.remedy;
  }
}

nameError(IdentityHmacError, 'IdentityHmacError');
nameError(IdentityTokenError, 'IdentityTokenError');

function nameError(Class, name) {
  brand(Class, name, 'identity-hmac');
  Object.defineProperty(Class.prototype, 'name', {
    value: name,
    configurable: true,
    writable: true,
  });
}

/** A TypeError with the code that Node's own functions give it. */
export function wrongType(argument, expected, value) {
  const message = `${argument} must be ${expected}; received ${kindOf(value)}`;
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' });
}
