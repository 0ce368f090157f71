// What goes wrong, as the document has it, in a page that runs nothing but the script build.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { setStage } from './stage.mjs';
import { JANE, Tab } from './tab.mjs';

describe('the script build on a page of the shop', () => {
  const stage = setStage();
  let shop;
  before(async () => {
    shop = await stage.openShop('axum');
  });

  /** The shop's page without its own script, with nothing but the client on it. */
  async function openScript(t) {
    const { page, complaints } = new Tab(await (await stage.newContext(t)).newPage());
    t.after(() => assert.deepEqual(complaints, []));
    await page.route('**/page.js', (route) => route.fulfill({ contentType: 'text/javascript' }));
    await page.goto(shop.origin);
    return page;
  }

  /** Begins the chat; resolves to the visitor id. */
  const init = (page, options) =>
    page.evaluate(async (options) => (await getSdkApi().init(options)).visitorId, {
      organizationKey: shop.organization.organizationKey,
      serverUrl: stage.service.url,
      ...options,
    });

  /** Logs Jane in, and has the shop sign. */
  const sign = (page, visitorId) =>
    page.evaluate(
      async ([jane, visitorId]) => {
        const headers = { 'Content-Type': 'application/json' };
        await fetch('/api/login', { method: 'POST', headers, body: JSON.stringify(jane) });
        return (await (await fetch(`/api/chat-identity?visitorId=${visitorId}`)).json()).hmac;
      },
      [JANE, visitorId],
    );

  /** What a function of the api rejects with, as the document's example catches it. */
  const failureOf = (page, name, params) =>
    page.evaluate(
      async ([name, params]) => {
        try {
          await getSdkApi()[name](params);
        } catch (error) {
          const { code, field, message } = error;
          return { name: error.name, code, field, message };
        }
      },
      [name, params],
    );

  const failure = (code, message, field) => ({ name: 'IdentityError', code, field, message });

  it('identify before init is an error that says so', async (t) => {
    const page = await openScript(t);
    const expected = failure('not_initialized', 'SDK not initialized: call init() first');
    for (const name of ['identify', 'getIdentity', 'reset']) {
      assert.deepEqual(await failureOf(page, name, { name: 'Jane' }), expected);
    }
    assert.equal(await page.evaluate(() => getSdkApi().getConversation()), null);
  });

  it('the documented front end gets a verified record', async (t) => {
    const page = await openScript(t);
    const visitorId = await init(page);
    const hmac = await sign(page, visitorId);
    const { id, ...identity } = await page.evaluate((params) => getSdkApi().identify(params), {
      name: 'Jane Doe',
      email: 'jane@example.com',
      externalId: 'user_123',
      hmac,
    });
    assert.match(id, /^[0-9a-f-]{36}$/);
    assert.deepEqual(identity, {
      anonymousUserId: visitorId,
      externalId: 'user_123',
      email: 'jane@example.com',
      name: 'Jane Doe',
      metadata: null,
      hmacVerified: true,
      personId: null,
      verification: null,
      verifiedAttributes: [],
      ignored: [],
    });
  });

  it('a signature for one visitor is worth nothing for another', async (t) => {
    const [hers, theirs] = [await openScript(t), await openScript(t)];
    const hmac = await sign(hers, await init(hers));
    await init(theirs);
    const expected = failure('hmac_verification_failed', 'HMAC verification failed');
    assert.deepEqual(await failureOf(theirs, 'identify', { name: 'Jane', hmac }), expected);
    assert.equal(await theirs.evaluate(() => getSdkApi().getIdentity()), null);
    assert.equal(await failureOf(hers, 'identify', { name: 'Jane', hmac }), undefined);
  });

  it('a signature in any other shape is refused in the same words', async (t) => {
    const page = await openScript(t);
    const hmac = await sign(page, await init(page));
    const expected = failure('hmac_verification_failed', 'HMAC verification failed');
    for (const candidate of [
      '',
      'f'.repeat(64),
      hmac.slice(1),
      ` ${hmac}`,
      `0x${hmac}`,
      1,
      [hmac],
    ]) {
      assert.deepEqual(await failureOf(page, 'identify', { hmac: candidate }), expected);
    }
    assert.equal(await failureOf(page, 'identify', { hmac: hmac.toUpperCase() }), undefined);
  });

  it('what the service cannot take is named', async (t) => {
    const page = await openScript(t);
    await init(page);
    const { code, field } = await failureOf(page, 'identify', { email: 'jane' });
    assert.deepEqual([code, field], ['invalid_request', 'email']);
    const other = await openScript(t);
    const organizationKey = `pk_${'0'.repeat(32)}`;
    await assert.rejects(
      init(other, { organizationKey }),
      /IdentityError: no organization has this organizationKey/,
    );
  });

  it('without verification a visitor is believed, and never called verified', async (t) => {
    const open = await stage.openShop('axum', { verification: 'off' });
    const tab = await stage.visit(t, open);
    const accepted = 'Accepted: verification is off, so the chat now takes you for Jane Doe.';
    await tab.vouchBy('hmac');
    await tab.press('Identify without a signature');
    await tab.hears(accepted);
    const shown = await tab.shown();
    assert.deepEqual(
      [shown.badge, shown.Name, shown.Verified],
      ['Unverified', 'Jane Doe', 'nothing'],
    );

    await tab.press('Try a forged signature');
    await tab.hears(accepted);
    assert.deepEqual(await tab.shown(), shown);
    assert.equal((await stage.service.identities(open.organization)).length, 1);
  });
});
