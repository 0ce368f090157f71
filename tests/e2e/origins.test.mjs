// Which pages may speak to the service.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { setStage } from './stage.mjs';
import { JANE, NOBODY, Tab } from './tab.mjs';

const REFUSED =
  'pages of this origin may not call for this organization: add the origin to its allowedOrigins';

describe('a page of another origin', () => {
  const stage = setStage();
  let shop;
  let foreign;
  before(async () => {
    shop = await stage.openShop('axum');
    // The same organization, and even the same secret, but another port.
    foreign = await stage.openShop('express', shop);
  });

  it('is kept out where the organization lists its origins', async (t) => {
    await stage.service.allowOrigins(shop.organization, [shop.origin]);
    const tab = await Tab.open(await stage.newContext(t), foreign);
    await tab.enter(JANE);
    await tab.page.getByRole('button', { name: 'Log out' }).waitFor();
    await tab.hears(REFUSED);
    assert.deepEqual(tab.complaints, []);
    assert.deepEqual(await tab.shown(), NOBODY);
    assert.deepEqual(await stage.service.identities(shop.organization), []);

    const own = await stage.visit(t, shop);
    await own.logIn(JANE);
  });

  it('cannot go on with a visitor that it had before the origins were listed', async (t) => {
    await stage.service.allowOrigins(shop.organization, []);
    const tab = await Tab.open(await stage.newContext(t), foreign);
    await tab.logIn(JANE);
    const known = await stage.service.identities(shop.organization);

    await stage.service.allowOrigins(shop.organization, [shop.origin]);
    for (const name of ['Identify me', 'Identify without a signature']) {
      await tab.press(name);
      await tab.hears(REFUSED);
    }
    assert.deepEqual(await stage.service.identities(shop.organization), known);
  });

  it('is served where none is listed', async (t) => {
    await stage.service.allowOrigins(shop.organization, []);
    for (const anyShop of [shop, foreign]) {
      const tab = await stage.visit(t, anyShop);
      await tab.logIn(JANE);
    }
  });
});
