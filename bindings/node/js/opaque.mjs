/**
 * An object that shows its type and nothing else, and that nothing copies or takes for another.
 *
 * Its state is in private fields. structuredClone, v8.serialize and assert.deepStrictEqual ignore
 * those: they would make an empty object of it, and take two keys for equal. So it has one property
 * that they see. Its value is a symbol: nothing can clone one, and no two are equal.
 */
export class Opaque {
  constructor() {
    const value = Symbol(`hidden by ${this[Symbol.toStringTag]}`);
    Object.defineProperty(this, 'secret', { value, enumerable: true });
  }

  toJSON() {
    return String(this);
  }

  [Symbol.for('nodejs.util.inspect.custom')]() {
    return String(this);
  }
}
