/**
 * An object that shows its type and nothing else, and that nothing copies.
 *
 * It is a generator object underneath, because structuredClone, postMessage and v8.serialize
 * refuse those, whereas they turn a plain object with private fields into `{}` without a word.
 */
export class Opaque {
  constructor() {
    // biome-ignore lint/correctness/noConstructorReturn: what is returned is the instance
    return Object.setPrototypeOf(emptyGenerator(), new.target.prototype);
  }

  toJSON() {
    return String(this);
  }

  [Symbol.for('nodejs.util.inspect.custom')]() {
    return String(this);
  }
}

function* emptyGenerator() {}
