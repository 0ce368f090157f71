import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { implementations } from './implementations.js';

const { cases } = JSON.parse(readFileSync(new URL('identity-hmac.json', import.meta.url), 'utf8'));

/** The forms in which a case's input can be passed: bytes, and text where it is text. */
function forms(testCase, field) {
  if (`${field}_hex` in testCase) {
    return [Buffer.from(testCase[`${field}_hex`], 'hex')];
  }
  const text = testCase[field];
  return text === null ? [null] : [text, new TextEncoder().encode(text)];
}

/** Calls `run` with every combination of the forms of these inputs. */
async function forEachForm(testCase, fields, run, chosen = []) {
  if (chosen.length === fields.length) {
    await run(...chosen);
    return;
  }
  for (const form of forms(testCase, fields[chosen.length])) {
    await forEachForm(testCase, fields, run, [...chosen, form]);
  }
}

/** How each kind of case is run against `api`. */
const kinds = {
  valid: (api, testCase) =>
    forEachForm(testCase, ['secret', 'visitor_id', 'hmac'], async (secret, visitorId, hmac) => {
      const key = new api.IdentityKey(secret);
      assert.equal(await api.generateIdentityHmac(visitorId, secret), testCase.hmac);
      assert.equal(await key.sign(visitorId), testCase.hmac);
      assert.equal(await api.verifyIdentityHmac(visitorId, hmac, secret), true);
      assert.equal(await key.verify(visitorId, hmac), true);
    }),

  accepted: (api, testCase) => verifies(api, testCase, true),
  rejected: (api, testCase) => verifies(api, testCase, false),

  refused: (api, testCase) =>
    forEachForm(testCase, ['secret', 'visitor_id'], async (secret, visitorId) => {
      const operations = {
        sign: [
          () => api.generateIdentityHmac(visitorId, secret),
          () => new api.IdentityKey(secret).sign(visitorId),
        ],
        verify: [
          () => api.verifyIdentityHmac(visitorId, testCase.hmac, secret),
          () => new api.IdentityKey(secret).verify(visitorId, testCase.hmac),
        ],
      };
      for (const operation of operations[testCase.operation]) {
        await refuses(api, operation, testCase.code);
      }
    }),

  keyring: (api, testCase) =>
    forEachForm(testCase, ['current', 'previous', 'hmac'], async (current, previous, hmac) => {
      const keyring = new api.Keyring(current, previous);
      assert.equal(await keyring.matched(testCase.visitor_id, hmac), testCase.matched);
      assert.equal(await keyring.verify(testCase.visitor_id, hmac), testCase.matched !== null);
    }),

  setting_accepted: async (api, testCase) => {
    const { value, visitor_id, hmac } = testCase;
    for (const form of forms(testCase, 'value')) {
      assert.equal(await api.IdentityKey.fromSetting('A_SETTING', form).sign(visitor_id), hmac);
    }
    process.env.IDENTITY_SECRET = value;
    assert.equal(await api.IdentityKey.fromEnv().sign(visitor_id), hmac);
  },

  setting_refused: async (api, testCase, entry) => {
    const { value, value_hex, code } = testCase;
    for (const form of forms(testCase, 'value')) {
      await refuses(api, () => api.IdentityKey.fromSetting('IDENTITY_SECRET', form), code);
    }
    if (value_hex !== undefined || value?.includes('\0')) {
      return setting_beyond_process_env[code](api, testCase, entry);
    }
    if (value === null) {
      delete process.env.IDENTITY_SECRET;
    } else {
      process.env.IDENTITY_SECRET = value;
    }
    await refuses(api, () => api.IdentityKey.fromEnv(), code);
  },
};

/** Values that cannot be assigned to this process's own environment. */
const setting_beyond_process_env = {
  secret_not_utf8: (_api, { value_hex, code }, entry) => {
    const octal = value_hex.replace(/../g, (pair) => `\\0${Number.parseInt(pair, 16).toString(8)}`);
    const { stdout } = spawnSync(
      'sh',
      ['-c', `IDENTITY_SECRET=$(printf '%b' '${octal}') exec node --input-type=module`],
      {
        cwd: fileURLToPath(new URL('.', import.meta.url)),
        encoding: 'utf8',
        input: `import { IdentityKey } from '${entry}';
          try { IdentityKey.fromEnv() } catch (error) { console.log(error.code) }`,
      },
    );
    assert.equal(stdout.trim(), code);
  },

  // No process can be given such an environment, and Node cuts what is assigned to process.env at
  // the NUL. A worker's own environment is the place where one survives.
  secret_contains_nul: async (_api, { value, code }, entry) => {
    const worker = new Worker(
      `process.env.IDENTITY_SECRET = ${JSON.stringify(value)};
      const { parentPort } = require('node:worker_threads');
      import('${entry}').then(({ IdentityKey }) => {
        try {
          IdentityKey.fromEnv();
        } catch (error) {
          parentPort.postMessage(error.code);
        }
      });`,
      { eval: true },
    );
    const [thrown] = await once(worker, 'message');
    assert.equal(thrown, code);
  },
};

function verifies(api, testCase, expected) {
  return forEachForm(
    testCase,
    ['secret', 'visitor_id', 'hmac'],
    async (secret, visitorId, hmac) => {
      assert.equal(await api.verifyIdentityHmac(visitorId, hmac, secret), expected);
      assert.equal(await new api.IdentityKey(secret).verify(visitorId, hmac), expected);
    },
  );
}

function refuses(api, operation, code) {
  return assert.rejects(
    async () => operation(),
    (error) => error instanceof api.IdentityHmacError && error.code === code,
  );
}

for (const [entry, api] of implementations) {
  describe(`${entry} agrees with every shared vector`, () => {
    for (const testCase of cases) {
      test(`${testCase.kind}: ${testCase.name}`, () => kinds[testCase.kind](api, testCase, entry));
    }
  });
}
