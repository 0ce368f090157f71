// The operator's whole story, in Chromium and in Firefox: from a new organization to required.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import puppeteer from 'puppeteer-core';
import { launchOptions } from './chromium.mjs';
import { setDashboard } from './dashboard.mjs';
import { launchFirefox } from './firefox.mjs';
import { Operator } from './operator.mjs';

describe('the dashboard leads from a new organization to required', () => {
  const dashboard = setDashboard();
  const launchChromium = () => {
    const { args, executablePath } = launchOptions(join(dashboard.folder, 'net-log.json'));
    return puppeteer.launch({ args: [...args, '--no-sandbox'], executablePath });
  };

  for (const [browserName, launch, hasScripts] of [
    ['Chromium, without a script', launchChromium, false],
    ['Firefox', launchFirefox, true],
  ]) {
    it(`in ${browserName}`, async (t) => {
      const browser = await launch();
      t.after(() => browser.close());
      const page = await browser.newPage();
      if (!hasScripts) await page.setJavaScriptEnabled(false);
      const operator = new Operator(page);
      const identify = (...call) => dashboard.identify(...call);

      await operator.open(dashboard.url);
      await operator.fill('token', dashboard.adminToken);
      await operator.press('Log in');
      await operator.follow('New organization');
      await operator.fill('name', `Shop in ${browserName}`);
      await operator.press('Create');
      await operator.sees('It is shown this once.');
      const secret = await operator.textOf('.secret');
      await operator.follow('I have copied it');
      const organizationKey = await operator.textOf('main > .hint code');
      const [home, shop, unsigned] = [
        operator.url(),
        { organizationKey, secret },
        { organizationKey },
      ];

      await operator.follow('Set up');
      await operator.sees(`organizationKey: '${organizationKey}'`);
      await operator.unfold('Python');
      await operator.sees('IdentityTokenKey.from_env()');
      await operator.unfold('An hmac in Node');
      await operator.sees('IdentityKey.fromEnv()');

      await operator.follow('Verification');
      await operator.choose('observe');
      await operator.press('Save');
      await operator.sees('Saved.');
      assert.equal(await operator.focusedRole(), 'status');
      assert(await operator.isChosen('observe'));
      assert.equal(await identify(shop, 'https://shop.example', { externalId: 'user_1' }), 200);
      assert.equal(await identify(unsigned, 'https://blog.example'), 200);
      await dashboard.count();

      await operator.open(home);
      await operator.sees('50.0 % of the calls would be refused by required: 1 of 2.');
      await operator.choose('required');
      await operator.press('Save');
      await operator.sees('Refuse calls that are not verified?');
      await operator.sees('1 of 2 calls would have been refused: 50.0 %.');
      await operator.sees('from https://blog.example');
      await operator.follow('Cancel');
      assert(await operator.isChosen('observe'));
      assert.equal(await identify(unsigned, 'https://blog.example'), 200);
      await operator.choose('required');
      await operator.press('Save');
      await operator.press('Refuse them');
      await operator.sees('Saved.');
      assert.equal(await identify(unsigned, 'https://blog.example'), 403);
      assert.equal(await identify(shop, 'https://shop.example'), 200);

      await operator.follow('Secrets and keys');
      await operator.follow('Rotate');
      await operator.press('Make a new secret');
      const next = { organizationKey, secret: await operator.textOf('.secret') };
      await operator.follow('I have copied it');
      await operator.sees('No page has needed the previous secret');
      assert.equal(await identify(next, 'https://shop.example'), 200);
      assert.equal(await identify(shop, 'https://old.shop.example'), 200);
      await dashboard.count();
      await operator.reload();
      const old = await operator.textOf('[aria-labelledby="old-secret"] tbody');
      assert.equal(old.trim(), 'https://old.shop.examplejust now');
      await operator.follow('Retire');
      await operator.sees('From https://old.shop.example: just now.');
      await operator.press('Retire it');
      await operator.sees('The previous secret is retired');
      assert.equal(await identify(shop, 'https://old.shop.example'), 403);

      await operator.follow('People');
      await operator.fill('q', 'user_1');
      await operator.press('Search');
      await operator.follow('Erase this person');
      await operator.press('Erase');
      await operator.sees('1 record is erased.');
      await operator.follow('Audit');
      for (const action of ['person erased', 'previous secret retired', 'secret rotated']) {
        await operator.sees(action);
      }

      await operator.press('Log out');
      await operator.open(home);
      await operator.sees('Admin token');
      assert.deepEqual(operator.complaints, []);
    });
  }
});
