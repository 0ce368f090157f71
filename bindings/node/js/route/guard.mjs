// The guarded route of an entry, without a web framework: who is logged in, and with what the route
// signs. What it answers is the entry's `respond`.

import { readRoute, readUser } from '../arguments.mjs';
import { brand } from '../brand.mjs';
import { IdentityHmacError, wrongType } from '../error.mjs';
import { declareHandover } from '../handover.mjs';
import { classOf } from '../kind.mjs';
import { Opaque } from '../opaque.mjs';

/** `checkUser`, `prepareRoute` and `respond` are the entry's own. */
export function declareGuard({ entry, checkUser, prepareRoute, respond }) {
  const handover = declareHandover(entry, 'user', (user) => typeof user.externalId === 'string');

  class User extends Opaque {
    #user;

    constructor(externalId, attributes) {
      super();
      const user = readUser(externalId, attributes);
      checkUser(user);
      this.#user = user;
    }

    get [Symbol.toStringTag]() {
      return 'User';
    }

    [handover.method]() {
      return this.#user;
    }
  }

  brand(User, 'User', entry);

  /** What `new User` was given, undefined if nobody is logged in. */
  function readAnswer(answer) {
    if (answer == null) {
      return undefined;
    }
    const expected = `a User of ${entry} ${VERSION}, or null if nobody is logged in`;
    return handover.take(answer) ?? refuse('what authenticate returns', expected, answer);
  }

  /** Whether an id is signed, by the rule that the options have. None are UUIDs. */
  function readRule(visitorId) {
    if (classOf(visitorId) === 'RegExp') {
      // The whole id, whatever the expression says of lines and of where to begin.
      const flags = visitorId.flags.replace(/[gmy]/g, '');
      const whole = new RegExp(`^(?:${visitorId.source})$`, flags);
      return (id) => whole.test(id);
    }
    return (
      visitorId &&
      ((id) => {
        const answer = visitorId(id);
        return typeof answer === 'boolean'
          ? answer
          : refuse('what visitorId returns', 'true or false', answer);
      })
    );
  }

  /**
   * `answer(request, ...session)` gives the status, the headers and the body for the facts of a
   * request: its `method`, `query`, `secFetchSite` and `remainingPath`. `session` is what `authenticate`
   * gets. `ready` reads the key.
   */
  function guard(options) {
    const { key, authenticate, visitorId } = readRoute(options);
    const matches = readRule(visitorId);
    const readKey = once(key, prepareRoute);

    async function answer(request, ...session) {
      try {
        const user = readAnswer(await authenticate(...session));
        const now = Math.floor(Date.now() / 1000);
        return await respond(await readKey(), matches, request, user, now);
      } catch (error) {
        if (faults.has(error) || error instanceof IdentityHmacError) {
          return failed(error);
        }
        throw error;
      }
    }

    return {
      answer,
      async ready() {
        await readKey();
      },
    };
  }

  return { User, guard };
}

/** The errors of this module. Their messages hold no value, so that an answer may show them. */
const faults = new WeakSet();

function refuse(what, expected, value) {
  const fault = wrongType(what, expected, value);
  faults.add(fault);
  throw fault;
}

/** Reads the key now, or a function's answer at the first call, and once if that is a key. */
function once(key, prepare) {
  if (typeof key !== 'function') {
    const prepared = prepare(key);
    if (prepared === undefined) {
      throw wrongType('options.key', KEYS, key);
    }
    return () => prepared;
  }
  let reading;
  return async () => {
    reading ??= read();
    try {
      return await reading;
    } catch (error) {
      reading = undefined;
      throw error;
    }
  };

  async function read() {
    const given = await key();
    return prepare(given) ?? refuse('what options.key returns', KEYS, given);
  }
}

const KEYS = 'an IdentityKey or an IdentityTokenKey of the same entry and version';

function failed(error) {
  const document = { title: 'Internal Server Error', status: 500, detail: error.message };
  return {
    status: 500,
    headers: [
      ['content-type', 'application/problem+json'],
      ['cache-control', 'no-store'],
      ['vary', 'Cookie'],
    ],
    body: JSON.stringify(document),
  };
}
