// The picture of the dashboard for the documentation.

import { join } from 'node:path';
import { describe, it } from 'node:test';
import { chromium } from 'playwright-core';
import { launchOptions } from './chromium.mjs';
import { setDashboard } from './dashboard.mjs';
import { takePicture } from './picture.mjs';

describe('the picture of the dashboard', () => {
  const dashboard = setDashboard();

  it('shows who would be refused, and is small', async (t) => {
    const browser = await chromium.launch(launchOptions(join(dashboard.folder, 'net-log.json')));
    t.after(() => browser.close());
    const page = await browser.newPage({ viewport: { width: 1280, height: 1420 } });
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
    await takePicture(page, dashboard.folder);
  });
});
