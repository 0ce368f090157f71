/**
 * Gives a class its public name, even if a bundler renamed it, and makes `instanceof` work for every
 * copy of the package: the module and the CommonJS one, one in each bundle, one before and one after
 * Jest's resetModules. `entry` keeps classes of the same name apart.
 */
export function brand(Class, name, entry) {
  const mark = Symbol.for(`${entry} ${name}`);
  Object.defineProperty(Class, 'name', { value: name, configurable: true });
  Object.defineProperty(Class.prototype, mark, { value: true });
  Object.defineProperty(Class, Symbol.hasInstance, {
    value(value) {
      // A subclass inherits this function, and has no other copies.
      return this === Class
        ? Object(value)[mark] === true
        : Function.prototype[Symbol.hasInstance].call(this, value);
    },
  });
}
