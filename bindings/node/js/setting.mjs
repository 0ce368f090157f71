// The core's rules for a secret from configuration, over again for `identity-hmac/webcrypto`.

import placeholders from '../../../crates/identity-hmac/src/setting/placeholders.txt';
import references from '../../../crates/identity-hmac/src/setting/references.txt';
import { readBytes } from './bytes.mjs';
import { IdentityHmacError } from './error.mjs';

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
  {
    code: 'token_key_as_secret',
    pattern: /^itk_/u,
    fault:
      'holds an identity token key (itk_…), which signs tokens alone; set it to the identity verification secret',
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

/** Throws unless `value`, a text or its UTF-8, is fit to be the secret in the setting `name`. */
export function checkSetting(name, value) {
  if (value == null) {
    throw new IdentityHmacError(`${name} is not set; set it to the identity verification secret`, {
      code: 'secret_unset',
    });
  }
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(readBytes(value));
  for (const { code, pattern, fault } of SETTING_FAULTS) {
    if (pattern.test(text, name)) {
      throw new IdentityHmacError(`${name} ${fault}`, { code });
    }
  }
}
