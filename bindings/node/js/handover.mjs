/**
 * Lets the keys of every copy of this version hand over what they prepared: `method` is the name of
 * the method that does it, and `take` calls it. `take` gives undefined for any other value.
 */
export function declareHandover(entry, what, isPrepared) {
  const method = Symbol.for(`${entry} ${VERSION} prepared ${what}`);

  function take(key) {
    try {
      const prepared = key[method]();
      return isPrepared(prepared) ? prepared : undefined;
    } catch {
      return undefined;
    }
  }

  return { method, take };
}
