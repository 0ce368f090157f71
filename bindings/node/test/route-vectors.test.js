// The guarded route agrees with every shared vector.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, mock, test } from 'node:test';
import { IdentityKey, IdentityTokenError, IdentityTokenKey } from 'identity-hmac';
import { User } from 'identity-hmac/route';

const { cases } = JSON.parse(readFileSync(new URL('route.json', import.meta.url), 'utf8'));
// What all routes on the addon are made of: it takes each fact as it is.
const { guard } = createRequire(import.meta.url)('./node_modules/identity-hmac/routes.cjs');

function answer(testCase) {
  const { key, token_key, user, visitor_ids, request } = testCase;
  const { external_id, ...attributes } = user ?? {};
  const route = guard({
    key: token_key === undefined ? new IdentityKey(key) : new IdentityTokenKey(token_key),
    authenticate: () => user && new User(external_id, attributes),
    visitorId: visitor_ids && ((id) => visitor_ids.includes(id)),
  });
  return route.answer({
    method: request.method,
    query: Buffer.from(request.query),
    secFetchSite: request.sec_fetch_site ?? undefined,
    remainingPath: request.remaining_path,
  });
}

const kinds = {
  async answered(testCase) {
    const { status, headers, body } = await answer(testCase);
    assert.deepEqual({ status, headers: Object.fromEntries(headers), body }, testCase.answer);
  },

  async not_answered(testCase) {
    const { status, headers, body } = await answer(testCase);
    assert.equal(status, 500);
    assert.deepEqual(Object.fromEntries(headers), {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      vary: 'Cookie',
    });
    const { detail } = JSON.parse(body);
    const [, claim] = detail.match(/^the claim (\w+) /) ?? [];
    assert.equal(claim ?? null, testCase.field);
    assert.equal(claim ? 'invalid_claim' : 'token_too_long', testCase.code, detail);
  },

  user_refused({ user, code, field }) {
    assert.throws(
      () => new User(user.external_id),
      (error) =>
        error instanceof IdentityTokenError && error.code === code && error.field === field,
    );
  },
};

describe('identity-hmac/route agrees with every shared vector', () => {
  for (const testCase of cases) {
    test(`${testCase.kind}: ${testCase.name}`, async () => {
      mock.timers.enable({ apis: ['Date'], now: (testCase.now ?? 0) * 1000 + 999 });
      try {
        await kinds[testCase.kind](testCase);
      } finally {
        mock.timers.reset();
      }
    });
  }
});
