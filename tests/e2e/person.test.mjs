// The person at the browser changes. The chat follows at once: it knows who is logged in at the shop.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { setStage } from './stage.mjs';
import { JANE, NOBODY, Tab, VERIFIED, VERIFIED_JANE, VERIFIED_ZOE, ZOE } from './tab.mjs';

const LOGGED_OUT = 'You are logged out, and the chat has a new visitor.';
const ENDED = 'Your session has ended, and the chat has a new visitor. Please log in again.';

describe('the person at the page', () => {
  const stage = setStage();
  let shop;
  before(async () => {
    shop = await stage.openShop('express');
  });

  const openJanes = async (t) => {
    const tab = await stage.visit(t, shop);
    await tab.logIn(JANE);
    return tab;
  };

  /** Ends the session on the server, of which the page hears nothing. */
  const endSession = (tab) => tab.page.context().request.post(`${shop.origin}/api/logout`);

  /** Has another customer log in with this browser, of which the page hears nothing. */
  const switchTo = (tab, customer) =>
    tab.page.context().request.post(`${shop.origin}/api/login`, { data: customer });

  /** Catches the next request to such an address; it goes on when that is asked for. */
  async function hold(tab, address) {
    let caught;
    const held = new Promise((resolve) => {
      caught = resolve;
    });
    await tab.page.route(address, (route) => caught(route), { times: 1 });
    return { held, release: async () => (await held).continue().catch(() => {}) };
  }

  /** What the service has on record: nobody's data is with another's visitor. */
  async function assertRecords(...expected) {
    const known = await stage.service.identities(shop.organization);
    for (const [visitorId, externalId] of expected) {
      const record = known.find(({ anonymousUserId }) => anonymousUserId === visitorId);
      assert.equal(record?.externalId, externalId);
    }
  }

  const isLoggedOut = async (tab, janesVisitor) => {
    await tab.page.getByRole('button', { name: 'Log in' }).waitFor();
    await tab.settled();
    assert.deepEqual(await tab.shown(), NOBODY);
    await tab.showsNothingOfJane();
    assert.notEqual(await tab.visitorId(), janesVisitor);
    await assertRecords([janesVisitor, 'user_123'], [await tab.visitorId(), undefined]);
  };

  for (const action of ['Identify me', 'Identify without a signature', 'Try a forged signature']) {
    it(`is logged out when the session has ended, as “${action}” finds out`, async (t) => {
      const tab = await openJanes(t);
      const janesVisitor = await tab.visitorId();
      await endSession(tab);
      await tab.press(action);
      await isLoggedOut(tab, janesVisitor);
      await tab.logIn(ZOE);
      assert.deepEqual(await tab.shown(), VERIFIED_ZOE);
    });
  }

  it('hears that the session has ended', async (t) => {
    const tab = await openJanes(t);
    await endSession(tab);
    await tab.press('Identify me');
    await tab.hears(ENDED);
  });

  it('is logged out when the session has ended while the tab was not looked at', async (t) => {
    const tab = await openJanes(t);
    const janesVisitor = await tab.visitorId();
    await endSession(tab);
    await tab.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await isLoggedOut(tab, janesVisitor);
  });

  it('is logged out when the session has ended while the page was away', async (t) => {
    const tab = await openJanes(t);
    const janesVisitor = await tab.visitorId();
    await tab.page.goto('about:blank');
    await endSession(tab);
    await tab.page.goto(shop.origin);
    await tab.hears('Nobody is logged in any more, and the chat has a new visitor.');
    await isLoggedOut(tab, janesVisitor);
  });

  it('is logged out when the page comes out of the back-forward cache', async (t) => {
    const context = await stage.newContext(t);
    const tab = await Tab.open(context, shop);
    await tab.logIn(JANE);
    const janesVisitor = await tab.visitorId();
    await tab.page.evaluate(() => {
      addEventListener('pageshow', () => {
        globalThis.badgeAtReturn = document.querySelector('#badge').textContent;
      });
    });
    await tab.page.goto(`${shop.origin}/icon.svg`);
    await endSession(tab);
    await tab.page.goBack({ waitUntil: 'commit' }); // It is not loaded again.
    await tab.page.waitForFunction(() => globalThis.badgeAtReturn);
    // Before the shop could say a word.
    assert.equal(await tab.page.evaluate(() => globalThis.badgeAtReturn), NOBODY.badge);
    await isLoggedOut(tab, janesVisitor);
  });

  it('is another customer after another log-in without a log-out', async (t) => {
    for (const notice of [
      (tab) => tab.press('Identify me'),
      (tab) => tab.press('Try a forged signature'),
      (tab) => tab.reload(),
      (tab) => tab.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange'))),
    ]) {
      const tab = await openJanes(t);
      const janesVisitor = await tab.visitorId();
      await switchTo(tab, ZOE);
      await notice(tab);
      await tab.page.getByRole('heading', { name: 'Good to see you, Zoë Brandt' }).waitFor();
      await tab.hears(VERIFIED);
      assert.deepEqual(await tab.shown(), VERIFIED_ZOE);
      await tab.showsNothingOfJane();
      await assertRecords([janesVisitor, 'user_123'], [await tab.visitorId(), 'user_456']);
    }
  });

  for (const address of ['**/v1/identify', '**/api/chat-token*', '**/api/me']) {
    it(`logs out at once while ${address} hangs`, async (t) => {
      const tab = await openJanes(t);
      const janesVisitor = await tab.visitorId();
      const { held, release } = await hold(tab, address);
      await tab.press('Identify me');
      await held;
      await tab.press('Log out');
      await tab.hears(LOGGED_OUT);
      await release();
      await isLoggedOut(tab, janesVisitor);
    });
  }

  it('logs out at once while the shop does not answer, and hears of it', async (t) => {
    const tab = await Tab.open(await stage.newContext(t), shop);
    await tab.logIn(JANE);
    const { held } = await hold(tab, '**/api/logout');
    await tab.press('Log out');
    const route = await held;
    assert.deepEqual(await tab.shown(), NOBODY);
    await tab.page.getByRole('button', { name: 'Log in' }).waitFor();
    await route.abort();
    await tab.hears('Network error: the shop cannot be reached, or is too slow');
    await tab.press('Try again');
    await tab.hears(LOGGED_OUT);
    await tab.reload();
    assert.deepEqual(await tab.shown(), NOBODY);
  });

  for (const address of ['**/v1/identify', '**/api/chat-token*', '**/api/me']) {
    it(`is logged out by another tab while ${address} hangs`, async (t) => {
      const here = await openJanes(t);
      const janesVisitor = await here.visitorId();
      const there = await Tab.open(here.page.context(), shop);
      assert.deepEqual(await there.shown(), VERIFIED_JANE);
      const { held, release } = await hold(there, address);
      await there.press('Identify me');
      await held;
      await here.press('Log out');
      await here.hears(LOGGED_OUT);
      await there.page.getByRole('button', { name: 'Log in' }).waitFor();
      await release();
      await isLoggedOut(there, janesVisitor);
      await here.reload();
      await isLoggedOut(here, janesVisitor);
    });
  }

  it('is logged in by another tab', async (t) => {
    const here = await stage.visit(t, shop);
    const there = await Tab.open(here.page.context(), shop);
    await here.logIn(ZOE);
    await there.page.getByRole('heading', { name: 'Good to see you, Zoë Brandt' }).waitFor();
    await there.settled();
    assert.deepEqual(await there.shown(), VERIFIED_ZOE);
    assert.equal(await there.visitorId(), await here.visitorId());
  });

  it('is the last one to log in, however slowly the first log-in goes', async (t) => {
    const tab = await stage.visit(t, shop);
    const { held, release } = await hold(tab, '**/api/login');
    await tab.enter(JANE);
    await held;
    await tab.logIn(ZOE);
    await release();
    await tab.reload();
    assert.deepEqual(await tab.shown(), VERIFIED_ZOE);
    await tab.showsNothingOfJane();
  });

  it('is the one who logs in while the log-out before is under way', async (t) => {
    const tab = await openJanes(t);
    const janesVisitor = await tab.visitorId();
    const { held, release } = await hold(tab, '**/api/logout');
    await tab.press('Log out');
    await held;
    await tab.logIn(ZOE);
    await release();
    await tab.reload();
    assert.deepEqual(await tab.shown(), VERIFIED_ZOE);
    await assertRecords([janesVisitor, 'user_123'], [await tab.visitorId(), 'user_456']);
  });

  it('is not signed for as the customer whom another tab has logged in meanwhile', async (t) => {
    const tab = await openJanes(t);
    const janesVisitor = await tab.visitorId();
    const { held, release } = await hold(tab, '**/api/chat-token*');
    await tab.press('Identify me');
    await held;
    await switchTo(tab, ZOE);
    await release();
    await tab.page.getByRole('heading', { name: 'Good to see you, Zoë Brandt' }).waitFor();
    await tab.hears(VERIFIED);
    assert.deepEqual(await tab.shown(), VERIFIED_ZOE);
    await assertRecords([janesVisitor, 'user_123'], [await tab.visitorId(), 'user_456']);
  });
});
