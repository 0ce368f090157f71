// The dashboard, as an operator sees and uses it.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import axe from 'axe-core';
import { chromium } from 'playwright-core';
import { launchOptions } from './chromium.mjs';
import { launchFirefox } from './firefox.mjs';
import { Service } from './service.mjs';

/** A form with a mistake in it. The page says so; the browser logs it all the same. */
const REFUSED = /^Failed to load resource: the server responded with a status of 422 /;
/** The pages of an organization, as their tabs are called. */
const TABS = ['Verification', 'Secrets and keys', 'Set up', 'Test', 'People', 'Origins', 'Audit'];

describe('the dashboard', () => {
  const folder = mkdtempSync(join(tmpdir(), 'identity-hmac-dashboard-'));
  const service = new Service(folder);
  let browser;
  before(async () => {
    await service.start();
    browser = await chromium.launch(launchOptions(join(folder, 'net-log.json')));
  });
  after(async () => {
    await browser?.close();
    await service.stop();
    rmSync(folder, { recursive: true });
  });

  /** A page of a new browser, which never has a reason to complain. */
  async function open(t, options) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const complaints = [];
    page.on('console', (message) => {
      if (!REFUSED.test(message.text())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    t.after(async () => {
      await context.close();
      assert.deepEqual(complaints, []);
    });
    await page.goto(service.dashboardUrl);
    return page;
  }

  async function logIn(page) {
    await page.getByLabel('Admin token').fill(service.secrets['admin token']);
    await press(page, 'Log in');
    await page.getByRole('heading', { name: 'Organizations' }).waitFor();
  }

  const press = (page, name) => page.getByRole('button', { name, exact: true }).click();
  const follow = (page, name) => page.getByRole('link', { name, exact: true }).first().click();
  const text = (page) => page.locator('main').textContent();

  /** Creates an organization by hand, and returns its page's address, its key and its secret. */
  async function create(page, name) {
    await follow(page, 'New organization');
    await page.getByLabel('Name').fill(name);
    await press(page, 'Create');
    const secret = await page.locator('.secret').textContent();
    await follow(page, 'I have copied it');
    const organizationKey = await page.getByText(/^pk_/).textContent();
    return { url: page.url(), organizationKey, secret };
  }

  /** A visitor identifies from a page of the shop, with or without its backend's word. */
  async function identify({ organizationKey, secret }, origin, params = {}) {
    const headers = { 'X-Organization-Key': organizationKey };
    const made = await fetch(`${service.url}/v1/visitors`, { method: 'POST', headers });
    const { visitorId, visitorToken } = await made.json();
    const hmac = secret && createHmac('sha256', secret).update(visitorId).digest('hex');
    const response = await fetch(`${service.url}/v1/identify`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${visitorToken}`,
        'Content-Type': 'application/json',
        Origin: origin,
      },
      body: JSON.stringify({ ...params, hmac }),
    });
    return response.status;
  }

  /** Lets the service write what it has counted, which it does when it ends. */
  async function count() {
    await service.stop();
    await service.start();
  }

  it('leads from a new organization to required, without a script', async (t) => {
    const page = await open(t, { javaScriptEnabled: false });
    await logIn(page);
    const shop = await create(page, 'Corner Shop');

    await follow(page, 'Set up');
    await page.getByText(`organizationKey: '${shop.organizationKey}'`).waitFor();
    await page.getByText('Python', { exact: true }).click();
    await page.getByText('IdentityTokenKey.from_env()').waitFor();

    await follow(page, 'Verification');
    await page.getByRole('radio', { name: /^observe/ }).check();
    await press(page, 'Save');
    await page.getByRole('status').getByText('Saved.').waitFor();
    assert.equal(await identify(shop, 'https://shop.example', { externalId: 'user_1' }), 200);
    const unsigned = { organizationKey: shop.organizationKey };
    assert.equal(await identify(unsigned, 'https://blog.example'), 200);
    await count();

    await page.reload();
    await page.getByText('50.0 % of the calls would be refused by required: 1 of 2.').waitFor();
    await page.getByRole('radio', { name: /^required/ }).check();
    await press(page, 'Save');
    await page.getByRole('heading', { name: 'Refuse calls that are not verified?' }).waitFor();
    assert.match(await text(page), /1 of 2 calls .* 50\.0 %.*from https:\/\/blog\.example/s);
    await follow(page, 'Cancel');
    assert.equal(await identify(unsigned, 'https://blog.example'), 200);
    await page.getByRole('radio', { name: /^required/ }).check();
    await press(page, 'Save');
    await press(page, 'Refuse them');
    await page.getByRole('status').getByText('Saved.').waitFor();
    assert.equal(await identify(unsigned, 'https://blog.example'), 403);
    assert.equal(await identify(shop, 'https://shop.example'), 200);

    await follow(page, 'Secrets and keys');
    await follow(page, 'Rotate');
    await press(page, 'Make a new secret');
    const next = { ...shop, secret: await page.locator('.secret').textContent() };
    await follow(page, 'I have copied it');
    assert.equal(await identify(next, 'https://shop.example'), 200);
    assert.equal(await identify(shop, 'https://shop.example'), 200);
    await follow(page, 'Retire');
    await press(page, 'Retire it');
    await page.getByRole('status').getByText('The previous secret is retired').waitFor();
    assert.equal(await identify(shop, 'https://shop.example'), 403);

    await follow(page, 'People');
    await page.getByRole('searchbox').fill('user_1');
    await press(page, 'Search');
    await follow(page, 'Erase this person');
    await press(page, 'Erase');
    await page.getByRole('status').getByText('1 record is erased.').waitFor();
    await follow(page, 'Audit');
    for (const action of ['person erased', 'previous secret retired', 'secret rotated']) {
      await page.getByRole('rowheader', { name: action, exact: true }).waitFor();
    }

    await press(page, 'Log out');
    await page.goto(shop.url);
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
  });

  it('has no fault that axe knows, in light on a desk and in dark on a phone', async (t) => {
    const page = await open(t);
    const check = async (state) => {
      // What was there before is gone with its document.
      await page.evaluate(axe.source);
      for (const [colorScheme, width] of [
        ['light', 1280],
        ['dark', 360],
      ]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 800 });
        const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
        const faults = violations.flatMap(({ id, nodes }) =>
          nodes.map(({ failureSummary, html }) => `${id}: ${html}: ${failureSummary}`),
        );
        assert.deepEqual(faults, [], `${state}, ${colorScheme}, ${width} px`);
        assert(passes.some(({ id }) => id === 'color-contrast'));
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert(wide <= width, `${state} is ${wide} px wide in ${width}`);
      }
    };
    await check('the log-in');
    await logIn(page);
    await check('no organization, or some');
    await follow(page, 'New organization');
    await check('a new organization');
    await page.goBack();
    const shop = await create(page, 'Corner Shop & Söhne');
    const of = (path) => page.goto(shop.url + path);
    for (const [tab, path] of TABS.map((tab, index) => [
      tab,
      ['', '/keys', '/setup', '/test', '/people', '/origins', '/audit'][index],
    ])) {
      await of(path);
      await check(`${tab}, empty`);
    }
    await of('');
    await page.getByRole('radio', { name: /^observe/ }).check();
    await press(page, 'Save');
    const metadata = { plan: 'a'.repeat(200) };
    await identify(shop, 'https://shop.example', { externalId: 'user_1', name: 'Jane', metadata });
    await identify({ organizationKey: shop.organizationKey }, 'https://blog.example');
    await count();
    await of('/keys');
    await press(page, 'New token key');
    await check('a new token key');
    await of('/keys/rotate');
    await check('a question');
    await press(page, 'Make a new secret');
    for (const path of ['', '/keys', '/people', '/people?q=user_1', '/audit']) {
      await of(path);
      await check(path);
    }
    await of('/setup');
    for (const summary of await page.locator('summary').all()) await summary.click();
    await check('every program');
    await of('/test');
    await page.getByLabel('Visitor id').fill('visitor_1');
    await page.getByLabel('hmac or identity token').fill('0'.repeat(64));
    await press(page, 'Try it');
    await check('a refused hmac');
    await of('/origins');
    await page.getByRole('textbox').fill('https://*.shop.example');
    await press(page, 'Save');
    await page.getByText('has a wildcard').waitFor();
    await check('a refused origin');
  });

  it('works in Firefox, which keeps the session and sends the forms', async (t) => {
    const firefox = await launchFirefox();
    t.after(() => firefox.close());
    const page = await firefox.newPage();
    const says = (text) => page.waitForSelector(`::-p-text(${text})`);
    await page.goto(service.dashboardUrl);
    await page.locator('#token').fill(service.secrets['admin token']);
    await page.locator('::-p-aria(Log in[role="button"])').click();
    await page.locator('::-p-aria(New organization)').click();
    await page.locator('#name').fill('In Firefox');
    await page.locator('::-p-aria(Create[role="button"])').click();
    await says('It is shown this once.');
    await page.locator('::-p-aria(I have copied it)').click();
    await page.locator('[value="observe"]').click();
    await page.locator('::-p-aria(Save[role="button"])').click();
    await says('Saved.');
    assert(await page.$eval('[value="observe"]', (radio) => radio.checked));
    const focused = await page.evaluate(() => document.activeElement.getAttribute('role'));
    assert.equal(focused, 'status');
    await page.locator('::-p-aria(Log out[role="button"])').click();
    await says('Admin token');
  });

  it('has a picture, which is small', async (t) => {
    const path = process.env.SCREENSHOT ?? join(folder, 'dashboard.png');
    const viewport = { width: 1280, height: 1420 };
    const page = await open(t, { viewport });
    await logIn(page);
    const shop = await create(page, 'Corner Shop');
    await page.getByRole('radio', { name: /^observe/ }).check();
    await press(page, 'Save');
    for (let call = 0; call < 24; call += 1) await identify(shop, 'https://shop.example');
    await identify({ ...shop, secret: 'another' }, 'https://staging.shop.example');
    const unsigned = { organizationKey: shop.organizationKey };
    for (let call = 0; call < 3; call += 1) await identify(unsigned, 'https://blog.shop.example');
    await count();
    await page.goto(shop.url);
    await page.screenshot({ path });
    const png = readFileSync(path);
    assert.equal(png.readUInt32BE(16), 1280); // Its width.
    assert(png.length < 200_000, `${png.length} bytes`);
  });

  it('can be used with the keyboard alone, and shows where it is', async (t) => {
    const page = await open(t, { javaScriptEnabled: true });
    const tabTo = async (target) => {
      for (let stops = 0; stops < 25; stops += 1) {
        await page.keyboard.press('Tab');
        if (await target.evaluate((element) => element === document.activeElement)) {
          const outline = await target.evaluate(
            (element) => getComputedStyle(element).outlineStyle,
          );
          assert.equal(outline, 'solid', `${target} shows the focus`);
          return;
        }
      }
      assert.fail(`25 stops, and none is ${target}`);
    };
    // The field has the focus from the start.
    await page.keyboard.type(service.secrets['admin token']);
    await page.keyboard.press('Enter');
    await tabTo(page.getByRole('link', { name: 'New organization', exact: true }));
    await page.keyboard.press('Enter');
    await page.getByLabel('Name').waitFor();
    await page.keyboard.type('By keyboard');
    await page.keyboard.press('Enter');
    await tabTo(page.getByRole('link', { name: 'I have copied it' }));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'By keyboard' }).waitFor();
    await tabTo(page.getByRole('radio', { name: /^off/ }));
    await page.keyboard.press('ArrowDown');
    await tabTo(page.getByRole('button', { name: 'Save' }));
    await page.keyboard.press('Enter');
    const saved = page.getByRole('status');
    await saved.getByText('Saved.').waitFor();
    // A screen reader begins with what was done.
    assert(await saved.evaluate((element) => element === document.activeElement));
    assert(await page.getByRole('radio', { name: /^observe/ }).isChecked());
  });
});
