// What a browser lends its pages: storage and locks that all pages of one origin share. The pages
// run the script build, each on its own.

import { readFileSync } from 'node:fs';

const script = readFileSync(
  new URL('node_modules/identity-hmac-browser/global.js', import.meta.url),
  'utf8',
);

/** What a page waits for longer than this is a deadline. */
const LONGEST_PAUSE_MS = 9_000;

export class Browser {
  #locks;
  localStorage = new MemoryStorage();

  constructor({ locks = true } = {}) {
    this.#locks = locks ? new LockManager() : undefined;
  }

  /**
   * A new page: its api, its script to run again, the milliseconds of the pauses that it made, and
   * `expire()`. Its pauses are as short as `pause` makes them, and its deadlines pass when the test
   * says so.
   */
  open({ localStorage = this.localStorage, pause = setTimeout } = {}) {
    const pauses = [];
    const deadlines = [];
    const scope = {
      globalThis: {},
      localStorage,
      navigator: { locks: this.#locks },
      AbortSignal: {
        timeout() {
          const controller = new AbortController();
          deadlines.push(() => controller.abort());
          return controller.signal;
        },
      },
      setTimeout(callback, milliseconds) {
        if (milliseconds > LONGEST_PAUSE_MS) {
          deadlines.push(callback);
        } else {
          pauses.push(milliseconds);
          pause(callback);
        }
      },
    };
    const run = () => new Function(...Object.keys(scope), script)(...Object.values(scope));
    run();
    const expire = () => {
      for (const pass of deadlines) {
        pass();
      }
    };
    return { api: scope.globalThis.getSdkApi(), globalThis: scope.globalThis, run, pauses, expire };
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
