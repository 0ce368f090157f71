// Identity tokens over Web Crypto: the core's module `token`, over again.

import { readSigning, readVerifying } from '../arguments.mjs';
import { encodeHex, fromBinary, readBytes, toBinary } from '../bytes.mjs';
import { IdentityHmacError, IdentityTokenError, wrongType } from '../error.mjs';
import { importKey } from '../hmac-key.mjs';
import { classOf } from '../kind.mjs';
import { verifiedClaims } from '../verified-claims.mjs';
import { decode, encode } from './base64url.mjs';
import { describe, remedyOf } from './claim.mjs';
import { checkLifetime, MAX_LEVELS, readMetadata, readPayload } from './payload.mjs';
import { parse, writeMembers } from './strict-json.mjs';

const MAX_TOKEN_CHARS = 8192;
const DOT = 0x2e;
/** How far the clocks of the signing and the verifying machine may differ, in seconds. */
const LEEWAY = 60;
const DEFAULT_LIFETIME = 300;
/** The limits of the longest lifetime that an organization accepts, in seconds. */
const MAX_LIFETIMES = [60, 86_400];
const DEFAULT_MAX_LIFETIME = 3600;

export async function generateTokenKey() {
  const digits = encodeHex(crypto.getRandomValues(new Uint8Array(36)));
  return `itk_${digits.slice(0, 8)}_${digits.slice(8)}`;
}

/** Throws unless `value` is fit to be the token key in the setting `name`, or of a wrong type. */
export function checkTokenKey(name, value) {
  if (typeof name !== 'string') {
    throw wrongType('name', 'a string', name);
  }
  const bytes = readBytes(value ?? '');
  if (bytes !== undefined && /^[\t\n\f\r ]*$/.test(toBinary(bytes))) {
    throw new IdentityHmacError(`${name} is not set; set it to the identity token key (itk_…)`, {
      code: 'token_key_unset',
    });
  }
  if (bytes !== undefined) {
    readKeyId(bytes, name);
  }
}

export function prepareTokenKey(text, argument, types) {
  const bytes = readBytes(text);
  if (bytes === undefined) {
    throw wrongType(argument, types, text);
  }
  return { kid: readKeyId(bytes, 'the identity token key'), key: importKey(bytes) };
}

function readKeyId(bytes, name) {
  const [, kid] = /^itk_([0-9a-f]{8})_[0-9a-f]{64}$/.exec(toBinary(bytes)) ?? [];
  if (kid === undefined) {
    throw new IdentityHmacError(
      `${name} is not itk_, 8 hexadecimal digits, _ and 64 hexadecimal digits in lower case; ` +
        'copy the identity token key exactly, without quotes and white space',
      { code: 'malformed_token_key' },
    );
  }
  return kid;
}

export function isPreparedTokenKey(value) {
  return typeof value.kid === 'string' && classOf(value.key) === 'Promise';
}

export function tokenKeyId({ kid }) {
  return kid;
}

export function prepareTokenKeyring(
  current,
  previous,
  maxLifetime = DEFAULT_MAX_LIFETIME,
  tokensValidAfter,
) {
  const [least, most] = MAX_LIFETIMES;
  if (maxLifetime < least || maxLifetime > most) {
    throw new IdentityHmacError(
      `the longest lifetime of a token is not between ${least} and ${most} seconds`,
      { code: 'max_lifetime_out_of_range' },
    );
  }
  return { keys: previous ? [current, previous] : [current], maxLifetime, tokensValidAfter };
}

export async function signToken({ kid, key }, claims, options) {
  const payload = writePayload(readSigning(claims, options));
  const signed = `${encode(`{"alg":"HS256","typ":"JWT","kid":"${kid}"}`)}.${encode(payload)}`;
  const signature = await crypto.subtle.sign('HMAC', await key, fromBinary(signed));
  const token = `${signed}.${encode(toBinary(new Uint8Array(signature)))}`;
  if (token.length > MAX_TOKEN_CHARS) {
    throw new IdentityTokenError(
      `the identity token is longer than ${MAX_TOKEN_CHARS} characters; leave out metadata`,
      { code: 'token_too_long' },
    );
  }
  return token;
}

function writePayload(given) {
  const { now, expiresIn = DEFAULT_LIFETIME } = given;
  const members = Object.entries({
    sub: given.externalId,
    visitorId: given.visitorId,
    iat: now,
    exp: now + expiresIn,
    aud: given.audience,
    name: given.name,
    email: given.email,
    metadata: given.metadata === undefined ? undefined : parseMetadata(given.metadata),
  });
  const text = writeMembers(members.filter(([, value]) => value !== undefined));
  const binary = toBinary(readBytes(text));
  // By the verifier's own reading: what is signed here is accepted there.
  checkLifetime(readPayload(binary, refuseToSign), MAX_LIFETIMES[1], refuseToSign);
  return binary;
}

export function parseMetadata(json) {
  const { value, fault } = parse(toBinary(readBytes(json)), MAX_LEVELS - 1);
  return fault === undefined ? readMetadata(value, refuseToSign) : refuseToSign('metadata', fault);
}

export function refuseToSign(field, reason, limit) {
  throw new IdentityTokenError(`the ${describe(field, reason, limit)}`, {
    code: 'invalid_claim',
    field,
    reason,
    remedy: remedyOf(field, reason, limit),
  });
}

export async function verifyToken(keyring, token, given, options) {
  const rules = { ...keyring, ...readVerifying(given, options) };
  const jws = readJws(token);
  const kid = jws && (await findSigner(keyring.keys, jws));
  if (kid === undefined) {
    refuse(
      'identity_token_invalid',
      'is not valid',
      "sign it with the organization's identity token key and pass it unchanged; " +
        '`identity-hmac doctor token` finds the cause',
    );
  }
  const payload = readPayload(jws.payload, refuseClaim);
  check(payload, rules);
  return verifiedClaims({ ...payload, kid });
}

/** A token whose outside is as it has to be, of which nothing is trusted yet. */
function readJws(token) {
  const bytes = readBytes(token);
  if (bytes === undefined || bytes.length > MAX_TOKEN_CHARS) {
    return undefined;
  }
  const parts = toBinary(bytes).split('.');
  const [header, payload, signature] = parts.map(decode);
  const kid = readHeader(header);
  if (
    parts.length !== 3 ||
    payload === undefined ||
    signature?.length !== 32 ||
    kid === undefined
  ) {
    return undefined;
  }
  return {
    signed: bytes.slice(0, bytes.lastIndexOf(DOT)),
    signature: fromBinary(signature),
    payload,
    kid,
  };
}

/**
 * The header's `kid`, null if it names none, undefined if this is no header of ours. Members that
 * would bring a key (`jku`, `jwk`, `x5u`, `x5c`) are not looked at.
 */
function readHeader(binary) {
  const { value } = parse(binary ?? '', MAX_LEVELS);
  const header = { __proto__: null, ...value };
  const { alg, typ = 'JWT', kid = null } = header;
  // Both change what the other members mean, with any value (RFC 7515 section 4.1.11, RFC 7797).
  const hasExtension = 'crit' in header || 'b64' in header;
  if (alg !== 'HS256' || typ !== 'JWT' || hasExtension) {
    return undefined;
  }
  return kid === null && 'kid' in header ? undefined : kid;
}

/** The id of the key that signed. Where the token names none, all are tried, always. */
async function findSigner(keys, { signed, signature, kid }) {
  const fitting = await Promise.all(
    keys.map(
      async (own) =>
        (kid === null || kid === own.kid) &&
        // Left to the runtime, which compares in constant time.
        crypto.subtle.verify('HMAC', await own.key, signature, signed),
    ),
  );
  return keys[fitting.indexOf(true)]?.kid;
}

/** The rules for claims whose types are right. */
function check(payload, { visitorId, audience, now, maxLifetime, tokensValidAfter }) {
  checkLifetime(payload, maxLifetime, refuseClaim);
  for (const field of ['iat', 'nbf']) {
    if (payload[field] > now + LEEWAY) {
      refuse(
        'identity_token_not_yet_valid',
        `is not valid yet: ${field} is ${payload[field]}, and the time is ${now}, with a leeway of ${LEEWAY} s`,
        'check the clock of the machine that signs, and give times in seconds',
        field,
      );
    }
  }
  if (payload.exp <= now - LEEWAY) {
    refuse(
      'identity_token_expired',
      `has expired: exp is ${payload.exp}, and the time is ${now}`,
      'sign a new token for each call, and check the clock of the machine that signs',
      'exp',
    );
  }
  if (payload.aud?.includes(audience) === false) {
    refuse(
      'identity_token_other_audience',
      'was signed for another audience',
      'leave aud out, or set it to the organization key (pk_…)',
      'aud',
    );
  }
  if (payload.visitorId !== visitorId) {
    refuse(
      'identity_token_other_visitor',
      'was signed for another visitor',
      'sign a token for the visitor id that this page has',
      'visitorId',
    );
  }
  if (payload.iat < tokensValidAfter) {
    refuse(
      'identity_token_revoked',
      'was signed before the time from which tokens are accepted',
      'sign a new token',
      'iat',
    );
  }
}

function refuse(code, fault, remedy, field) {
  const message = `the identity token ${fault}; ${remedy}`;
  throw new IdentityTokenError(message, { code, field, remedy });
}

function refuseClaim(field, reason, limit) {
  throw new IdentityTokenError(`the identity token's ${describe(field, reason, limit)}`, {
    code: 'identity_token_claim',
    field,
    reason,
    remedy: remedyOf(field, reason, limit),
  });
}
