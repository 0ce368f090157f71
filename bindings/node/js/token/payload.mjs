// The payload of a token: its claims, each of the right type (the core's `Payload`, over again). Each
// function takes a `refuse(field, reason, limit)` that throws.

import { MAX_CHARS } from './claim.mjs';
import { parse } from './strict-json.mjs';

/** The deepest header or payload: the claims, and metadata in them. */
export const MAX_LEVELS = 9;

/** The claims that have a meaning here. */
const CLAIMS = ['sub', 'visitorId', 'iat', 'exp', 'nbf', 'aud', 'name', 'email', 'metadata'];

export function readPayload(binary, refuse) {
  const { value, fault, member } = parse(binary, MAX_LEVELS);
  if (fault !== undefined) {
    refuse(CLAIMS.includes(member) ? member : undefined, fault);
  }
  if (!isObject(value)) {
    refuse(undefined, 'type');
  }
  // Without what a program may have put on every object.
  const claims = { __proto__: null, ...value };
  return {
    sub: readExternalId(claims, refuse),
    visitorId: readVisitorId(claims, refuse),
    iat: readTime(claims, 'iat', refuse) ?? refuse('iat', 'missing'),
    exp: readTime(claims, 'exp', refuse) ?? refuse('exp', 'missing'),
    nbf: readTime(claims, 'nbf', refuse),
    aud: readAudiences(claims.aud, refuse),
    name: readText(claims, 'name', refuse),
    email: readEmail(claims, refuse),
    metadata: readMetadata(claims.metadata, refuse),
  };
}

export function checkLifetime({ iat, exp }, limit, refuse) {
  if (!(exp - iat > 0 && exp - iat <= limit)) {
    refuse('exp', 'lifetime', limit);
  }
}

export function readMetadata(metadata, refuse) {
  return metadata == null || isObject(metadata) ? metadata : refuse('metadata', 'type');
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function readExternalId(claims, refuse) {
  if (claims.sub === undefined) {
    refuse('sub', 'missing');
  }
  if (claims.sub === null) {
    refuse('sub', 'type');
  }
  return readText(claims, 'sub', refuse);
}

/** An id that was given out elsewhere: any text but the empty one. */
function readVisitorId({ visitorId }, refuse) {
  if (visitorId === undefined) {
    refuse('visitorId', 'missing');
  }
  if (typeof visitorId !== 'string') {
    refuse('visitorId', 'type');
  }
  return visitorId || refuse('visitorId', 'empty');
}

function readTime(claims, field, refuse) {
  const time = claims[field];
  return time === undefined || typeof time === 'number' ? time : refuse(field, 'type');
}

function readAudiences(aud, refuse) {
  if (aud === undefined) {
    return undefined;
  }
  const audiences = Array.isArray(aud) ? aud : [aud];
  return audiences.every((audience) => typeof audience === 'string')
    ? audiences
    : refuse('aud', 'type');
}

/** A text, null to clear it, undefined to leave it as it is. */
function readText(claims, field, refuse) {
  const text = claims[field];
  if (text == null) {
    return text;
  }
  if (typeof text !== 'string') {
    refuse(field, 'type');
  }
  if (/^\p{White_Space}*$/u.test(text)) {
    refuse(field, 'empty');
  }
  const limit = MAX_CHARS[field];
  return [...text].length > limit ? refuse(field, 'too_long', limit) : text;
}

/** By HTML's definition of a valid e-mail address (section 4.10.5.1.5), in any script (RFC 6531). */
function readEmail(claims, refuse) {
  const email = readText(claims, 'email', refuse);
  return email == null || ADDRESS.test(email) ? email : refuse('email', 'address');
}

const BEYOND_ASCII = '[^\\p{ASCII}\\p{White_Space}\\p{Cc}]';
const LOCAL = `(?:[\\w.!#$%&'*+/=?^\`{|}~\\-]|${BEYOND_ASCII})+`;
const LABEL = `(?!-)(?:[A-Za-z0-9\\-]|${BEYOND_ASCII}){1,63}(?<!-)`;
const ADDRESS = new RegExp(`^${LOCAL}@${LABEL}(?:\\.${LABEL})*$`, 'u');
