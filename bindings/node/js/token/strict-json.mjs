// JSON that has one meaning: no duplicate key, no NUL, no lone surrogate, no bottomless nesting, no
// integer that a reader would round (RFC 8259 leaves all five to the reader). The core's `strict_json`,
// over again.

import { fromBinary, readBytes, toBinary } from '../bytes.mjs';

const SPACE = /[ \t\n\r]*/y;
const LITERAL = /true|false|null/y;
// All digits that follow each other are taken, and a mark that begins another part needs that part.
const NUMBER = /-?(?:0|[1-9]\d*)(?!\d)(?:\.\d+(?!\d)|(?!\.))(?:[eE][+-]?\d+(?!\d)|(?![eE]))/y;

/**
 * Reads the UTF-8 of one JSON text of at most `levels` levels of objects and arrays, which comes as
 * a binary string. Gives its `value`, or the `fault`, `twice` or `json`, and the key of the outermost
 * object's `member` that holds it, if one does.
 */
export function parse(binary, levels) {
  const reader = new Reader(binary);
  try {
    return { value: reader.document(levels) };
  } catch (error) {
    if (!(error instanceof Fault)) {
      throw error;
    }
    return { fault: error.message, member: reader.member };
  }
}

class Fault extends Error {}

class Reader {
  #text;
  #at = 0;
  /** The key of the outermost object's member that is being read, or that holds the fault. */
  member;
  /** The same of the first integer of more than 64 bits, which is a fault if there is no other. */
  #large;

  constructor(binary) {
    this.#text = binary;
  }

  document(levels) {
    const value = this.#value(levels, true);
    if (this.#next() !== undefined) {
      refuse();
    }
    if (this.#large) {
      this.member = this.#large.member;
      refuse();
    }
    return value;
  }

  /** The first character that is no white space. */
  #next() {
    this.#take(SPACE);
    return this.#text[this.#at];
  }

  #take(pattern) {
    pattern.lastIndex = this.#at;
    const [taken] = pattern.exec(this.#text) ?? [];
    this.#at += taken?.length ?? 0;
    return taken;
  }

  #value(levels, isOutermost) {
    switch (this.#next()) {
      case '{':
        return this.#object(levels, isOutermost);
      case '[':
        return this.#array(levels);
      case '"':
        return this.#string();
    }
    const text = this.#take(LITERAL) ?? this.#take(NUMBER) ?? refuse();
    if (isLargeInteger(text)) {
      this.#large ??= { member: this.member };
    }
    const value = JSON.parse(text);
    return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY
      ? refuse()
      : value;
  }

  #object(levels, isOutermost) {
    const members = new Map();
    this.#items('}', levels, () => {
      const key = this.#next() === '"' ? this.#string() : refuse();
      this.#expect(':');
      if (isOutermost) {
        this.member = key;
      }
      if (members.has(key)) {
        throw new Fault('twice');
      }
      members.set(key, this.#value(levels - 1));
      if (isOutermost) {
        this.member = undefined;
      }
    });
    return Object.fromEntries(members);
  }

  #array(levels) {
    const array = [];
    this.#items(']', levels, () => array.push(this.#value(levels - 1)));
    return array;
  }

  /** Reads what stands between commas in an object or an array, which `close` ends. */
  #items(close, levels, read) {
    if (levels === 0) {
      refuse();
    }
    this.#at += 1;
    if (this.#next() !== close) {
      read();
      while (this.#next() === ',') {
        this.#at += 1;
        read();
      }
    }
    this.#expect(close);
  }

  #expect(mark) {
    if (this.#next() !== mark) {
      refuse();
    }
    this.#at += 1;
  }

  #string() {
    const start = this.#at;
    do {
      this.#at += this.#text[this.#at] === '\\' ? 2 : 1;
    } while (this.#at < this.#text.length && this.#text[this.#at] !== '"');
    this.#at += 1;
    let text;
    try {
      const utf8 = fromBinary(this.#text.slice(start, this.#at));
      text = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(utf8));
    } catch {
      refuse();
    }
    return text.includes('\0') || !text.isWellFormed() ? refuse() : text;
  }
}

function isLargeInteger(text) {
  return /^-?\d+$/.test(text) && (BigInt(text) < -(2n ** 63n) || BigInt(text) >= 2n ** 64n);
}

function refuse() {
  throw new Fault('json');
}

/** The text of a value that came from JSON, as the core writes it: the keys in order. */
export function write(value) {
  if (Array.isArray(value)) {
    return `[${value.map(write)}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([key, item]) => [
      toBinary(readBytes(key)),
      key,
      item,
    ]);
    members.sort(([one], [other]) => (one < other ? -1 : 1));
    return writeMembers(members.map(([, key, item]) => [key, item]));
  }
  return typeof value === 'number' ? writeNumber(value) : JSON.stringify(value);
}

/** The text of an object with these members, in this order. */
export function writeMembers(members) {
  return `{${members.map(([key, value]) => `${JSON.stringify(key)}:${write(value)}`)}}`;
}

/** As the core writes it: with an exponent where it is tiny, and where no integer type holds it. */
function writeNumber(number) {
  const isTiny = number !== 0 && Math.abs(number) < 1e-5;
  const isHuge = number <= -(2 ** 63) || number >= 2 ** 64;
  return isTiny || isHuge ? number.toExponential() : String(number);
}
