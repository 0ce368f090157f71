// What JavaScript hands over to sign and verify tokens, and to make routes: members of the right types,
// and times in whole seconds.

import { IdentityHmacError, wrongType } from './error.mjs';
import { classOf } from './kind.mjs';

const TIME = 'a Date, or a number of seconds since 1970';

/** What `sign(claims, options)` was given. `metadata` becomes the text of JSON. */
export function readSigning(claims, options) {
  const { visitorId, externalId, name, email, metadata, ...others } = members(claims, 'claims');
  refuseOthers(others, 'claims', 'visitorId, externalId, name, email and metadata');
  const { expiresIn, audience, now, ...otherOptions } = members(options, 'options', {});
  refuseOthers(otherOptions, 'options', 'expiresIn, audience and now');
  return {
    visitorId: text(visitorId, 'claims.visitorId'),
    externalId: text(externalId, 'claims.externalId'),
    name: name == null ? name : text(name, 'claims.name'),
    email: email == null ? email : text(email, 'claims.email'),
    metadata: metadata === undefined ? undefined : json(metadata, 'claims.metadata'),
    audience: audience === undefined ? undefined : text(audience, 'options.audience'),
    expiresIn: seconds(expiresIn, 'options.expiresIn'),
    now: time(now, 'options.now', Date.now() / 1000),
  };
}

/** What `new User(externalId, attributes)` was given. `metadata` becomes the text of JSON. */
export function readUser(externalId, attributes) {
  const { name, email, metadata, ...others } = members(attributes, 'attributes', {});
  refuseOthers(others, 'attributes', 'name, email and metadata');
  return {
    externalId: text(externalId, 'externalId'),
    name: name == null ? name : text(name, 'attributes.name'),
    email: email == null ? email : text(email, 'attributes.email'),
    metadata: metadata === undefined ? undefined : json(metadata, 'attributes.metadata'),
  };
}

/** What a factory of routes was given. */
export function readRoute(options) {
  const { key, authenticate, visitorId, ...rest } = members(options, 'options');
  refuseOthers(rest, 'options', 'key, authenticate and visitorId');
  if (typeof authenticate !== 'function') {
    throw wrongType('options.authenticate', 'a function', authenticate);
  }
  const isRule = typeof visitorId === 'function' || classOf(visitorId) === 'RegExp';
  if (visitorId !== undefined && !isRule) {
    throw wrongType('options.visitorId', 'a RegExp or a function', visitorId);
  }
  return { key, authenticate, visitorId };
}

/** What `verify(token, visitorId, options)` was given, beside the token, which may be anything. */
export function readVerifying(visitorId, options) {
  const { audience, now, ...others } = members(options, 'options', {});
  refuseOthers(others, 'options', 'audience and now');
  if (typeof visitorId !== 'string') {
    throw wrongType('visitorId', 'a string', visitorId);
  }
  return {
    // No token names a visitor in text that is ill-formed, or in none.
    visitorId: visitorId.isWellFormed() ? visitorId : '',
    audience: audience === undefined ? undefined : text(audience, 'options.audience'),
    now: time(now, 'options.now', Date.now() / 1000),
  };
}

/** The rules of a keyring. */
export function readRules(options) {
  const { maxLifetime, tokensValidAfter, ...others } = members(options, 'options', {});
  refuseOthers(others, 'options', 'maxLifetime and tokensValidAfter');
  return {
    maxLifetime: seconds(maxLifetime, 'options.maxLifetime'),
    tokensValidAfter: time(tokensValidAfter, 'options.tokensValidAfter'),
  };
}

function members(value, argument, absent) {
  if (value === undefined && absent !== undefined) {
    return absent;
  }
  if (classOf(value) !== 'Object') {
    throw wrongType(argument, 'an object', value);
  }
  return value;
}

/** A name that is mistyped, or that stands in the wrong object, would be ignored in silence. */
function refuseOthers(others, argument, names) {
  if (Object.keys(others).length > 0) {
    throw Object.assign(new TypeError(`${argument} has a member other than ${names}; remove it`), {
      code: 'ERR_INVALID_ARG_VALUE',
    });
  }
}

function text(value, argument) {
  if (typeof value !== 'string') {
    throw wrongType(argument, 'a string', value);
  }
  if (!value.isWellFormed()) {
    throw new IdentityHmacError(`${argument} holds a lone surrogate; pass well-formed text`, {
      code: 'ill_formed_text',
    });
  }
  return value;
}

function json(value, argument) {
  // JSON.stringify makes {} of a Promise and of a Map.
  const isJson = typeof value !== 'object' || /^(?:Object|Array|Null)$/.test(classOf(value));
  const written = isJson && typeof value !== 'bigint' ? JSON.stringify(value) : undefined;
  if (written === undefined) {
    throw wrongType(argument, 'an object that JSON can hold, or null', value);
  }
  return written;
}

function seconds(value, argument) {
  if (value === undefined) {
    return undefined;
  }
  if (typeof value !== 'number') {
    throw wrongType(argument, 'a number of seconds', value);
  }
  return whole(value);
}

function time(value, argument, absent) {
  if (value === undefined) {
    return absent === undefined ? undefined : whole(absent);
  }
  const since1970 = classOf(value) === 'Date' ? Date.prototype.getTime.call(value) / 1000 : value;
  if (typeof since1970 !== 'number') {
    throw wrongType(argument, TIME, value);
  }
  if (!(since1970 >= 0 && since1970 < Number.POSITIVE_INFINITY)) {
    throw Object.assign(new RangeError(`${argument} is not a time since 1970; pass ${TIME}`), {
      code: 'ERR_OUT_OF_RANGE',
    });
  }
  return whole(since1970);
}

/** Whole seconds, none for what is negative or no number. */
function whole(value) {
  return value >= 0 ? Math.min(Math.floor(value), Number.MAX_SAFE_INTEGER) : 0;
}
