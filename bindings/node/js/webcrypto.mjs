// The entry `identity-hmac/webcrypto`: the core's rules over again, for runtimes that load no
// native addon. The test vectors hold the two together.

import placeholders from '../../../crates/identity-hmac/src/setting/placeholders.txt';
import references from '../../../crates/identity-hmac/src/setting/references.txt';
import { declareClasses } from './classes.mjs';
import { IdentityHmacError, wrongType } from './error.mjs';

// By other names here, since the bundler would rename the classes rather than these.
const { IdentityKey: Key, Keyring: Ring } = declareClasses({
  checkSetting,
  keyringMatched,
  keyringVerify: async (...args) => (await keyringMatched(...args)) !== null,
  prepareKey,
  prepareKeyring: (current, previous) => ({ current, previous }),
  sign,
  verify,
});

export { IdentityHmacError, Key as IdentityKey, Ring as Keyring };

export async function generateIdentityHmac(visitorId, secret) {
  return new Key(secret).sign(visitorId);
}

export async function verifyIdentityHmac(visitorId, hmac, secret) {
  return new Key(secret).verify(visitorId, hmac);
}

export async function generateSecret() {
  return encodeHex(crypto.getRandomValues(new Uint8Array(32)));
}

/** The promise of a CryptoKey, which not even this module can take the secret out of again. */
function prepareKey(secret, argument) {
  const bytes = requireBytes(secret, argument);
  if (bytes.length === 0) {
    throw new IdentityHmacError(
      'empty_secret',
      'the identity verification secret is empty; check that the variable or file it comes from is set',
    );
  }
  const key = crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ]);
  // A failure belongs to whoever uses the key, and must not end the process before.
  key.catch(() => {});
  return key;
}

async function sign(key, visitorId) {
  const bytes = requireBytes(visitorId, 'visitorId');
  if (bytes.length === 0) {
    throw new IdentityHmacError(
      'empty_visitor_id',
      'the visitor id is empty; pass the id that the chat gave this visitor',
    );
  }
  return encodeHex(new Uint8Array(await crypto.subtle.sign('HMAC', await key, bytes)));
}

async function verify(key, visitorId, hmac) {
  const bytes = readBytes(visitorId);
  const candidate = decodeHex(readBytes(hmac));
  if (!bytes?.length || !candidate) {
    return false;
  }
  // Left to the runtime, which compares in constant time.
  return crypto.subtle.verify('HMAC', await key, candidate, bytes);
}

async function keyringMatched({ current, previous }, visitorId, hmac) {
  const [byCurrent, byPrevious] = await Promise.all([
    verify(current, visitorId, hmac),
    previous !== undefined && verify(previous, visitorId, hmac),
  ]);
  return byCurrent ? 'current' : byPrevious ? 'previous' : null;
}

/** The core's `IdentityKey::from_setting`, rule by rule and in the same order. */
const SETTING_FAULTS = [
  {
    code: 'secret_not_utf8',
    // The runtime has already put U+FFFD where the environment is not UTF-8.
    pattern: /[\p{Surrogate}\uFFFD]/u,
    fault: "is not valid UTF-8; store the secret as text, or pass the key's bytes directly",
  },
  {
    code: 'secret_blank',
    pattern: /^[\p{White_Space}\uFEFF]*$/u,
    fault: 'is blank; set it to the identity verification secret',
  },
  {
    code: 'secret_contains_nul',
    pattern: /\0/u,
    fault: "contains a NUL character; remove it, or pass the key's bytes directly",
  },
  {
    code: 'secret_surrounded_by_whitespace',
    pattern: /^[\p{White_Space}\uFEFF]|[\p{White_Space}\uFEFF]$/u,
    fault: 'begins or ends with white space, such as a line end; remove it',
  },
  {
    code: 'secret_quoted',
    pattern: /^(?:".*"|'.*'|`.*`|\u201C.*\u201D|\u2018.*\u2019)$/su,
    fault: 'stands in quotes that would become part of the secret; remove them',
  },
  {
    code: 'secret_unexpanded_variable',
    pattern: { test: isReference },
    fault:
      'holds a variable or a reference that was not replaced by its value; set it to the secret itself',
  },
  {
    code: 'secret_placeholder',
    pattern: { test: isPlaceholder },
    fault:
      'holds a placeholder where the secret should be; set it to the identity verification secret',
  },
  {
    code: 'secret_holds_assignment',
    pattern: { test: isAssignment },
    fault: 'holds a name and then a value, as a line of a .env file does; keep the value alone',
  },
  {
    code: 'secret_holds_comment',
    pattern: /\p{White_Space}(?:#|\/\/ |; )|^# /u,
    fault:
      'holds a comment, which would become part of the secret; remove it and the white space before it',
  },
];

const CUSTOMARY_NAME = 'IDENTITY_SECRET';
const lines = (text) => text.trimEnd().split('\n');
const startsWith = (text, start) => lower(text).startsWith(lower(start));
const endsWith = (text, end) => lower(text).endsWith(lower(end));
/** In lower case, of ASCII alone. */
const lower = (text) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

function isNameOf(name, text) {
  return [name, CUSTOMARY_NAME].some((own) => lower(own) === lower(text));
}

function isConstant(text) {
  return /^[A-Z](?:[A-Z]*|[A-Z0-9_]*_[A-Z0-9_]*)$/.test(text);
}

function isReference(text, name) {
  return (
    text === name ||
    text === CUSTOMARY_NAME ||
    lines(references).some((pattern) => {
      const [before, after] = pattern.split(/NAME|\*/);
      const inside = text.slice(before.length, text.length - after.length);
      return (
        text.length > before.length + after.length &&
        startsWith(text, before) &&
        endsWith(text, after) &&
        (!pattern.includes('NAME') || isNameOf(name, inside) || isConstant(inside))
      );
    })
  );
}

function isPlaceholder(text) {
  const letters = (words) => lower(words.replace(/[-_ .!\u2026]/g, ''));
  return (
    lines(placeholders).some((words) => letters(words) === letters(text)) ||
    /^(?:<[\p{Alphabetic}' _-]+>|\[[\p{Alphabetic}' _-]+\]|\{[\p{Alphabetic}' _-]+\}|\([\p{Alphabetic}' _-]+\))$/u.test(
      text,
    ) ||
    /^(?:\u2026|[xX*.\-_?#\u2022\u25CF\u2026]{3,})$/u.test(text)
  );
}

function isAssignment(text, name) {
  if (/^\{\p{White_Space}*["'].*:.*\}$/su.test(text)) {
    return true;
  }
  return text.split('\n').some((line) => {
    const [, declared, left, mark, value] =
      /^\p{White_Space}*(export |set |env |declare -x |\$env:|-e |--env )?\p{White_Space}*([a-z_][\w.-]*)\p{White_Space}*([=:])(.*?)\p{White_Space}*$/isu.exec(
        line,
      ) ?? [];
    return (
      left !== undefined &&
      /[^=\p{White_Space}]/u.test(value) &&
      (declared !== undefined ||
        isNameOf(name, left) ||
        (isConstant(left) && left.includes('_')) ||
        (endsWith(left, 'secret') && (mark === '=' || /^\p{White_Space}/u.test(value))))
    );
  });
}

function checkSetting(name, value) {
  if (typeof value !== 'string') {
    throw new IdentityHmacError(
      'secret_unset',
      `${name} is not set; set it to the identity verification secret`,
    );
  }
  for (const { code, pattern, fault } of SETTING_FAULTS) {
    if (pattern.test(value, name)) {
      throw new IdentityHmacError(code, `${name} ${fault}`);
    }
  }
}

function requireBytes(value, argument) {
  const bytes = readBytes(value);
  if (bytes === undefined) {
    throw wrongType(`${argument} must be a string or a Uint8Array`);
  }
  return bytes;
}

/**
 * The UTF-8 of a string, or a copy of what a Uint8Array shows now; undefined for anything else.
 * Asks the value nothing that it could answer with code of its own.
 */
function readBytes(value) {
  if (typeof value === 'string') {
    return new TextEncoder().encode(value);
  }
  if (typedArrayName(value) === 'Uint8Array') {
    // A detached array has the length 0, but cannot be copied.
    return typedArrayLength(value) === 0 ? new Uint8Array() : new Uint8Array(value);
  }
  return undefined;
}

const typedArrayName = typedArrayGetter(Symbol.toStringTag);
const typedArrayLength = typedArrayGetter('length');

function typedArrayGetter(property) {
  const { get } = Object.getOwnPropertyDescriptor(
    Object.getPrototypeOf(Uint8Array.prototype),
    property,
  );
  return (value) => Reflect.apply(get, value, []);
}

/** The 32 bytes that exactly 64 hexadecimal digits stand for; undefined for anything else. */
function decodeHex(digits) {
  if (digits?.length !== 64) {
    return undefined;
  }
  const text = String.fromCharCode(...digits);
  return /^[0-9A-Fa-f]*$/.test(text)
    ? Uint8Array.from(text.match(/../g), (pair) => Number.parseInt(pair, 16))
    : undefined;
}

function encodeHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
