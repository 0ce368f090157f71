// Whom the chat takes the visitor for: in several tabs, after a reload, a reset, and without storage.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { setStage } from './stage.mjs';
import { JANE, NOBODY, says, Tab, VERIFIED_JANE } from './tab.mjs';

describe('the visitor', () => {
  const stage = setStage();
  let shop;
  before(async () => {
    shop = await stage.openShop('axum');
  });

  /** Two tabs of one browser in which Jane is verified. */
  async function openTwoTabs(t) {
    const here = await stage.visit(t, shop);
    await here.logIn(JANE);
    const there = await Tab.open(here.page.context(), shop);
    await there.hears('The chat remembers its visitor.');
    assert.deepEqual(await there.shown(), VERIFIED_JANE);
    return [here, there];
  }

  it('tabs that open at once have one visitor', async (t) => {
    const context = await stage.newContext(t);
    const tabs = await Promise.all(Array.from({ length: 4 }, () => Tab.open(context, shop)));
    const visitorId = await tabs[0].visitorId();
    for (const tab of tabs) await says(tab.page.locator('#visitor-id'), visitorId);
  });

  it('a log-out in one tab is noticed in the other', async (t) => {
    const [here, there] = await openTwoTabs(t);
    await here.press('Log out');
    await here.hears('You are logged out, and the chat has a new visitor.');

    await says(there.page.locator('#visitor-id'), await here.visitorId());
    await there.page.getByRole('button', { name: 'Log in' }).waitFor();
    await there.hears('The chat is open.');
    assert.deepEqual(await there.shown(), NOBODY);
  });

  for (const [moment, hold] of [
    ['has not reached the service', async (route) => () => route.continue()],
    [
      'has not been answered',
      async (route) => {
        const response = await route.fetch();
        return () => route.fulfill({ response });
      },
    ],
  ]) {
    it(`an identify that ${moment} at log-out in another tab is not the new visitor’s`, async (t) => {
      const [here, there] = await openTwoTabs(t);
      const janesVisitor = await there.visitorId();
      let resolve;
      const caught = new Promise((first) => {
        resolve = first;
      });
      await there.page.route('**/v1/identify', resolve);
      await there.press('Identify me');
      const release = await hold(await caught);

      await here.press('Log out');
      await here.hears('You are logged out, and the chat has a new visitor.');
      await release();
      await says(there.page.locator('#visitor-id'), await here.visitorId());
      assert.deepEqual(await there.shown(), NOBODY);
      await here.reload();
      assert.deepEqual(await here.shown(), NOBODY);

      const known = await stage.service.identities(shop.organization);
      const visitors = known.map(({ anonymousUserId }) => anonymousUserId);
      assert.equal(visitors.filter((visitor) => visitor === janesVisitor).length, 1);
      assert(!visitors.includes(await here.visitorId()));
    });
  }

  it('a reload keeps the visitor, and what the chat knows', async (t) => {
    const tab = await stage.visit(t, shop);
    const visitorId = await tab.visitorId();
    await tab.reload();
    await tab.hears('The chat is open.');
    assert.equal(await tab.visitorId(), visitorId);

    await tab.logIn(JANE);
    await tab.reload();
    await tab.hears('The chat remembers its visitor.');
    assert.equal(await tab.visitorId(), visitorId);
    assert.deepEqual(await tab.shown(), VERIFIED_JANE);
  });

  it('a reset does not keep the visitor, and neither does a reload after it', async (t) => {
    const tab = await stage.visit(t, shop);
    const visitorId = await tab.visitorId();
    const { visitorId: next } = await tab.page.evaluate(() => getSdkApi().reset());
    assert.notEqual(next, visitorId);
    await tab.reload();
    assert.equal(await tab.visitorId(), next);
    assert.deepEqual(await tab.shown(), NOBODY);
  });

  it('a reset while a customer is logged in makes a visitor whom the chat then knows', async (t) => {
    const [here, there] = await openTwoTabs(t);
    const visitorId = await here.visitorId();
    await here.page.evaluate(() => getSdkApi().reset());
    for (const tab of [here, there]) {
      await tab.page.locator('#visitor-id', { hasNotText: visitorId }).waitFor();
      await tab.page.locator('#badge[data-state="verified"]').waitFor();
      await tab.settled();
      assert.deepEqual(await tab.shown(), VERIFIED_JANE);
    }
    assert.equal(await there.visitorId(), await here.visitorId());
  });

  it('where storage is denied, the visitor lives as long as the page', async (t) => {
    const profile = join(stage.folder, 'profile');
    mkdirSync(join(profile, 'Default'), { recursive: true });
    const preferences = { profile: { default_content_setting_values: { cookies: 2 } } };
    writeFileSync(join(profile, 'Default/Preferences'), JSON.stringify(preferences));
    const context = await stage.newContextOf(t, profile);

    const open = await stage.openShop('axum', { verification: 'off' });
    const tab = await Tab.open(context, open);
    const denied = () =>
      tab.page.evaluate(() => {
        try {
          return localStorage.length;
        } catch (error) {
          return error.name;
        }
      });
    assert.equal(await denied(), 'SecurityError');
    const visitorId = await tab.visitorId();
    await tab.vouchBy('hmac');
    for (const name of ['Identify without a signature', 'Try a forged signature']) {
      await tab.press(name);
      await tab.hears('Accepted: verification is off, so the chat now takes you for Jane Doe.');
      assert.equal(await tab.visitorId(), visitorId);
    }
    const [{ anonymousUserId }, ...others] = await stage.service.identities(open.organization);
    assert.deepEqual([anonymousUserId, others], [visitorId, []]);

    await tab.reload();
    assert.notEqual(await tab.visitorId(), visitorId);
    assert.deepEqual(await tab.shown(), NOBODY);
  });
});
