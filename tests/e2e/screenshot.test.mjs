// The pictures for the documentation. SCREENSHOT says where one is kept; otherwise it is not.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { setDashboard } from './dashboard.mjs';
import { setStage } from './stage.mjs';
import { JANE } from './tab.mjs';

const where = (folder, name) => process.env.SCREENSHOT ?? join(folder, name);

function assertSmall(path) {
  const png = readFileSync(path);
  assert.equal(png.toString('latin1', 1, 4), 'PNG');
  assert.equal(png.readUInt32BE(16), 1280); // Its width.
  assert(png.length < 200_000, `${png.length} bytes`);
}

describe('the picture', () => {
  const stage = setStage();
  const dashboard = setDashboard();
  let shop;
  before(async () => {
    shop = await stage.openShop('axum');
  });

  it('of the page shows a verified customer, and is small', async (t) => {
    const path = where(stage.folder, 'demo.png');
    const viewport = { width: 1280, height: 1340 };
    const tab = await stage.visit(t, shop, { viewport, reducedMotion: 'reduce' });
    await tab.logIn(JANE);
    await tab.page.mouse.move(0, 0);
    await tab.page.screenshot({ path });
    assertSmall(path);
  });

  it('of the dashboard shows who would be refused, and is small', async (t) => {
    const path = where(stage.folder, 'dashboard.png');
    const context = await stage.newContext(t, { viewport: { width: 1280, height: 1420 } });
    const page = await context.newPage();
    await page.goto(dashboard.url);
    await page.getByLabel('Admin token').fill(dashboard.adminToken);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { name: 'Organizations' }).waitFor();

    const { id, ...keys } = await dashboard.service.createOrganization('observe');
    for (let call = 0; call < 24; call += 1) await dashboard.identify(keys, 'https://shop.example');
    await dashboard.identify({ ...keys, secret: 'another' }, 'https://staging.shop.example');
    const unsigned = { organizationKey: keys.organizationKey };
    for (let call = 0; call < 3; call += 1) {
      await dashboard.identify(unsigned, 'https://blog.shop.example');
    }
    await dashboard.count();
    await page.goto(`${dashboard.url}/organizations/${id}`);
    await page.getByText('14.2 %').waitFor();
    await page.screenshot({ path });
    assertSmall(path);
  });
});
