// The guarded routes agree with every shared vector.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, mock, test } from 'node:test';
import * as native from 'identity-hmac';
import * as route from 'identity-hmac/route';
import * as webcrypto from 'identity-hmac/webcrypto';

const { cases } = JSON.parse(readFileSync(new URL('route.json', import.meta.url), 'utf8'));
// What all routes on the addon are made of: it takes each fact as it is.
const { guard } = createRequire(import.meta.url)('./node_modules/identity-hmac/routes.cjs');

function optionsOf({ key, token_key, user, visitor_ids }, api) {
  const { external_id, ...attributes } = user ?? {};
  return {
    key: token_key === undefined ? new api.IdentityKey(key) : new api.IdentityTokenKey(token_key),
    authenticate: () => user && new api.User(external_id, attributes),
    visitorId: visitor_ids && ((id) => visitor_ids.includes(id)),
  };
}

const entries = {
  'identity-hmac/route': {
    ...native,
    ...route,
    answer(testCase) {
      const { method, query, sec_fetch_site, remaining_path } = testCase.request;
      return guard(optionsOf(testCase, this)).answer({
        method,
        query: Buffer.from(query),
        secFetchSite: sec_fetch_site ?? undefined,
        remainingPath: remaining_path,
      });
    },
  },
  'identity-hmac/webcrypto': {
    ...webcrypto,
    /** Not with a real Request, which refuses some methods and trims headers. */
    async answer(testCase) {
      const { method, query, sec_fetch_site } = testCase.request;
      const url = `http://127.0.0.1/api/chat-identity?${query}`;
      const answered = await webcrypto.chatIdentityRoute(optionsOf(testCase, this))({
        method,
        url,
        headers: { get: (name) => (name === 'sec-fetch-site' ? sec_fetch_site : null) },
      });
      const body = method === 'HEAD' ? testCase.answer.body : await answered.text();
      return { status: answered.status, headers: [...answered.headers], body };
    },
  },
};

const kinds = {
  async answered(testCase, api) {
    const { status, headers, body } = await api.answer(testCase);
    assert.deepEqual({ status, headers: Object.fromEntries(headers), body }, testCase.answer);
  },

  async not_answered(testCase, api) {
    const { status, headers, body } = await api.answer(testCase);
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

  user_refused({ user, code, field }, { IdentityTokenError, User }) {
    assert.throws(
      () => new User(user.external_id),
      (error) =>
        error instanceof IdentityTokenError && error.code === code && error.field === field,
    );
  },
};

for (const [entry, api] of Object.entries(entries)) {
  // A route for a Request does not see what its framework has matched of the path.
  const isSeen = ({ request }) => entry === 'identity-hmac/route' || !request?.remaining_path;

  describe(`${entry} agrees with every shared vector`, () => {
    for (const testCase of cases.filter(isSeen)) {
      test(`${testCase.kind}: ${testCase.name}`, async () => {
        mock.timers.enable({ apis: ['Date'], now: (testCase.now ?? 0) * 1000 + 999 });
        try {
          await kinds[testCase.kind](testCase, api);
        } finally {
          mock.timers.reset();
        }
      });
    }
  });
}
