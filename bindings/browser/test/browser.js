// What a browser lends its pages: storage and locks that all pages of one origin share, and the
// events about them. The pages run the script build, each on its own.

import { readFileSync } from 'node:fs';

const script = readFileSync(
  new URL('node_modules/identity-hmac-browser/global.js', import.meta.url),
  'utf8',
);

/** What a page waits for longer than this is a deadline. */
const LONGEST_PAUSE_MS = 9_000;

/** What a module needs to take this process for a page. */
export function becomePage() {
  Object.assign(globalThis, pageScope(new EventTarget()));
  // Node has a getter of this name, from version 22 on.
  const localStorage = { value: new MemoryStorage(), configurable: true };
  Object.defineProperty(globalThis, 'localStorage', localStorage);
}

function pageScope(window) {
  return {
    document: new EventTarget(),
    location: new URL('https://shop.example/'),
    addEventListener(type, ...more) {
      window.addEventListener(type, ...more);
      window.dispatchEvent(new Event(`listens to ${type}`));
    },
    removeEventListener: window.removeEventListener.bind(window),
  };
}

export class Browser {
  #locks;
  #windows = new Set();
  localStorage = new MemoryStorage();

  constructor({ locks = true } = {}) {
    this.#locks = locks ? new LockManager() : undefined;
  }

  /**
   * A new page: its api, its script to run again, its window, document and navigator, the
   * milliseconds of the pauses that it made, `expire()` and `pass(milliseconds)`. Its pauses are as
   * short as `pause` makes them. Its deadlines pass when the test says so, by `expire()` without any
   * time, by `pass()` with as much on the page's clock.
   */
  open({ localStorage, pause = setTimeout, standIn } = {}) {
    const pauses = [];
    const deadlines = [];
    let passed = 0;
    const window = new EventTarget();
    this.#windows.add(window);
    const scope = {
      ...pageScope(window),
      globalThis: standIn ? { getSdkApi: standIn } : {},
      localStorage: localStorage === undefined ? this.#storageOf(window) : localStorage,
      Date: { now: () => Date.now() + passed, parse: Date.parse },
      navigator: { locks: this.#locks, onLine: true },
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
        } else if (milliseconds === undefined) {
          setTimeout(callback); // It only lets events come first.
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
    const pass = (milliseconds) => {
      passed += milliseconds;
      expire();
    };
    const { document, navigator } = scope;
    const api = scope.globalThis.getSdkApi();
    const page = { api, globalThis: scope.globalThis, window, document, navigator };
    return { ...page, run, pauses, expire, pass };
  }

  /** Storage as one page has it: every other page hears of what this one changes. */
  #storageOf(window) {
    const { localStorage } = this;
    const tell = (key) => {
      for (const other of this.#windows) {
        if (other !== window) {
          setTimeout(() => other.dispatchEvent(Object.assign(new Event('storage'), { key })));
        }
      }
    };
    return {
      getItem: (key) => localStorage.getItem(key),
      setItem(key, value) {
        localStorage.setItem(key, value);
        tell(key);
      },
      removeItem(key) {
        localStorage.removeItem(key);
        tell(key);
      },
      clear() {
        localStorage.clear();
        tell(null);
      },
    };
  }
}

/** As the Storage API has it: the items are properties of their own. */
class MemoryStorage {
  get length() {
    return Object.keys(this).length;
  }

  key(index) {
    return Object.keys(this)[index] ?? null;
  }

  getItem(key) {
    return Object.hasOwn(this, key) ? this[key] : null;
  }

  setItem(key, value) {
    this[key] = String(value);
  }

  removeItem(key) {
    delete this[key];
  }

  clear() {
    for (const key of Object.keys(this)) {
      delete this[key];
    }
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
