import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { implementations } from './implementations.js';

const { cases } = JSON.parse(readFileSync(new URL('identity-token.json', import.meta.url), 'utf8'));

/** The keyring of a case, and where that is all that it has, its key. */
function verifiers(api, { keys, max_lifetime, tokens_valid_after }) {
  const rules = { maxLifetime: max_lifetime, tokensValidAfter: tokens_valid_after };
  const given = Object.fromEntries(Object.entries(rules).filter(([, rule]) => rule !== undefined));
  const prepared = keys.map((key) => new api.IdentityTokenKey(key));
  const keyrings = [
    new api.IdentityTokenKeyring(...prepared, ...(keys.length > 1 ? [] : [undefined]), given),
    new api.IdentityTokenKeyring(keys[0], keys[1], given),
  ];
  const isKeyEnough = keys.length === 1 && Object.keys(given).length === 0;
  return isKeyEnough ? [...keyrings, prepared[0]] : keyrings;
}

function verify(verifier, { token, visitor_id, audience, now }) {
  return verifier.verify(token, visitor_id, { audience: audience ?? undefined, now });
}

async function sign(api, { key, claims, now }) {
  const { visitor_id, external_id, audience, expires_in, ...attributes } = claims;
  return new api.IdentityTokenKey(key).sign(
    { visitorId: visitor_id, externalId: external_id, ...attributes },
    { audience, expiresIn: expires_in, now },
  );
}

/** How each kind of case is run against `api`. */
const kinds = {
  accepted: async (api, testCase) => {
    const { visitor_id, external_id, issued_at, expires_at, key_id, ...attributes } =
      testCase.claims;
    for (const verifier of verifiers(api, testCase)) {
      assert.deepEqual(await verify(verifier, testCase), {
        visitorId: visitor_id,
        externalId: external_id,
        issuedAt: issued_at,
        expiresAt: expires_at,
        keyId: key_id,
        ...attributes,
      });
    }
  },

  refused: async (api, testCase) => {
    for (const verifier of verifiers(api, testCase)) {
      await assert.rejects(
        async () => verify(verifier, testCase),
        (error) => {
          assert(error instanceof api.IdentityTokenError, error);
          assert.deepEqual(
            [error.code, error.field ?? null, error.reason ?? null],
            [testCase.code, testCase.field, testCase.reason],
          );
          assert(error.message.endsWith(`; ${error.remedy}`), error.message);
          return true;
        },
      );
    }
  },

  signed: async (api, testCase) => assert.equal(await sign(api, testCase), testCase.token),

  not_signed: (api, testCase) =>
    assert.rejects(
      () => sign(api, testCase),
      (error) => {
        assert(error instanceof api.IdentityTokenError, error);
        assert.equal(error.code, testCase.code);
        if (testCase.field === null) {
          assert.deepEqual([error.field, error.reason], [undefined, undefined]);
        } else {
          assert.equal(error.field, testCase.field);
          assert(error.message.startsWith(`the claim ${error.field} `), error.message);
          assert(error.message.endsWith(`; ${error.remedy}`), error.message);
          assert.equal(typeof error.reason, 'string');
        }
        return true;
      },
    ),

  key_accepted: (api, { value, key_id }) => {
    for (const text of [value, Buffer.from(value)]) {
      assert.equal(new api.IdentityTokenKey(text).keyId, key_id);
      assert.equal(api.IdentityTokenKey.fromSetting('A_SETTING', text).keyId, key_id);
    }
    process.env.A_SETTING = value;
    assert.equal(api.IdentityTokenKey.fromEnv('A_SETTING').keyId, key_id);
  },

  key_refused: (api, { value, code }) => {
    const refused = (error) => {
      assert(error instanceof api.IdentityHmacError);
      assert.equal(error.code, code);
      assert(error.message.startsWith('A_SETTING is not '), error.message);
      return true;
    };
    for (const text of value === null ? [null, undefined] : [value, Buffer.from(value)]) {
      assert.throws(() => api.IdentityTokenKey.fromSetting('A_SETTING', text), refused);
      if (text != null) {
        assert.throws(() => new api.IdentityTokenKey(text), { code: 'malformed_token_key' });
      }
    }
    delete process.env.A_SETTING;
    if (value !== null) {
      process.env.A_SETTING = value;
    }
    // Node cuts at a NUL what is assigned to process.env.
    if (!value?.includes('\0')) {
      assert.throws(() => api.IdentityTokenKey.fromEnv('A_SETTING'), refused);
    }
  },
};

for (const [entry, api] of implementations) {
  describe(`${entry} agrees with every shared vector of tokens`, () => {
    for (const testCase of cases) {
      test(`${testCase.kind}: ${testCase.name}`, () => kinds[testCase.kind](api, testCase));
    }
  });
}

test('both entries refuse in the same words', async () => {
  const [[, native], [, webcrypto]] = implementations;
  const refusalOf = async (api, testCase) => {
    try {
      const verifier = testCase.kind === 'refused' ? verifiers(api, testCase)[0] : undefined;
      return await (verifier ? verify(verifier, testCase) : sign(api, testCase));
    } catch (error) {
      // Rust writes huge numbers without an exponent.
      const message = error.message.replace(/\b1(?:e\+|0{20,})\d+/, 'HUGE');
      return { ...error, message };
    }
  };
  let compared = 0;
  for (const testCase of cases.filter(({ kind }) => /^(?:refused|not_signed)$/.test(kind))) {
    const { message } = await refusalOf(native, testCase);
    assert(message);
    assert.deepEqual(
      await refusalOf(webcrypto, testCase),
      await refusalOf(native, testCase),
      testCase.name,
    );
    compared += 1;
  }
  assert(compared > 300);
});
