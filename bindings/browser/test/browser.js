// What a browser lends its pages: storage and locks that all pages of one origin share. The pages
// run the script build, each on its own.

import { readFileSync } from 'node:fs';

const script = readFileSync(
  new URL('node_modules/identity-hmac-browser/global.js', import.meta.url),
  'utf8',
);

/** By how much a page's clock is fast, so that no test waits for a deadline. */
const HASTE = 100;

export class Browser {
  #locks;
  localStorage = new MemoryStorage();

  constructor({ locks = true } = {}) {
    this.#locks = locks ? new LockManager() : undefined;
  }

  /** A new page: its api, the script to run again, and the milliseconds that it has waited for. */
  open({ localStorage = this.localStorage } = {}) {
    const waits = [];
    const scope = {
      globalThis: {},
      localStorage,
      navigator: { locks: this.#locks },
      AbortSignal: { timeout: (milliseconds) => AbortSignal.timeout(milliseconds / HASTE) },
      setTimeout: (callback, milliseconds) => {
        waits.push(milliseconds);
        return setTimeout(callback, milliseconds / HASTE);
      },
    };
    const run = () => new Function(...Object.keys(scope), script)(...Object.values(scope));
    run();
    return { api: scope.globalThis.getSdkApi(), globalThis: scope.globalThis, run, waits };
  }
}

class MemoryStorage {
  #items = new Map();

  get length() {
    return this.#items.size;
  }

  key(index) {
    return [...this.#items.keys()][index] ?? null;
  }

  getItem(key) {
    return this.#items.get(key) ?? null;
  }

  setItem(key, value) {
    this.#items.set(key, String(value));
  }

  removeItem(key) {
    this.#items.delete(key);
  }
}

/** As the Web Locks API has it: exclusive, in the order of asking. */
class LockManager {
  #last = new Map();

  request(name, { signal }, callback) {
    const before = this.#last.get(name) ?? Promise.resolve();
    const aborted = new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
    const held = Promise.race([before, aborted]).then(callback);
    this.#last.set(name, Promise.allSettled([before, held]));
    return held;
  }
}
