// The client's identityProvider, in a page of the shop that has nothing but the script build.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { setStage } from './stage.mjs';
import { JANE, Tab, ZOE } from './tab.mjs';

describe('an identityProvider', () => {
  const stage = setStage();
  let shop;
  before(async () => {
    shop = await stage.openShop('express');
  });

  /** Opens the page and starts the chat; resolves to the record, or null. */
  async function start(page) {
    await page.goto(shop.origin);
    return page.evaluate(
      async (options) => {
        globalThis.reasons = [];
        const identityProvider = async ({ visitorId, reason, signal }) => {
          reasons.push(reason);
          const res = await fetch(`/api/chat-token?visitorId=${visitorId}`, { signal });
          return res.status === 401 ? null : (await res.json()).token;
        };
        await getSdkApi().init({ ...options, identityProvider });
        return getSdkApi().getIdentity();
      },
      {
        organizationKey: shop.organization.organizationKey,
        serverUrl: stage.service.url,
      },
    );
  }

  const logIn = (page, data) => page.context().request.post(`${shop.origin}/api/login`, { data });

  const reasonsOf = (page) => page.evaluate(() => globalThis.reasons);

  /** What the chat knows, once the visitor is verified. */
  const verified = (page) =>
    page
      .waitForFunction(async () => {
        const identity = await getSdkApi().getIdentity();
        return identity?.verification && identity;
      })
      .then((identity) => identity.jsonValue());

  it('has the chat know who is logged in, and a new visitor for the next customer', async (t) => {
    const { page, complaints } = new Tab(await (await stage.newContext(t)).newPage());
    t.after(() => assert.deepEqual(complaints, []));
    await page.route('**/page.js', (route) => route.fulfill({ contentType: 'text/javascript' }));

    assert.equal(await start(page), null);
    await logIn(page, JANE);
    const jane = await page.evaluate(() => getSdkApi().identify({ metadata: { page: 'tea' } }));
    assert.deepEqual([jane.externalId, jane.name], ['user_123', 'Jane Doe']);
    assert.deepEqual(jane.metadata, { page: 'tea', plan: 'premium', signupDate: '2025-01-15' });
    assert(!jane.verifiedAttributes.includes('metadata.page'));
    assert.deepEqual(await reasonsOf(page), ['start', 'refresh']);

    assert.equal((await start(page)).externalId, 'user_123');
    assert.deepEqual(await reasonsOf(page), ['start']);

    await logIn(page, ZOE);
    await start(page).catch(() => {});
    const zoe = await verified(page);
    assert.deepEqual([zoe.externalId, zoe.metadata.page], ['user_456', undefined]);
    assert.notEqual(zoe.anonymousUserId, jane.anonymousUserId);
    assert.deepEqual(await reasonsOf(page), ['start', 'new_visitor']);
  });
});
