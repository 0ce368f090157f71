// The client in real browsers: what depends on how they send, block and report.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pass } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { launchOptions } from './chromium.mjs';
import { launchFirefox } from './firefox.mjs';
import { Service } from './service.mjs';
import { openSite, openSlowLine } from './site.mjs';

const folder = mkdtempSync(join(tmpdir(), 'identity-hmac-client-'));
const service = new Service(folder);
before(() => service.start());
after(async () => {
  await service.stop();
  rmSync(folder, { recursive: true });
});

const LAUNCHES = {
  Chromium: () => chromium.launch(launchOptions(join(folder, 'net-log.json'))),
  Firefox: launchFirefox,
};

/** The names in the organization's records, once there are any. */
async function names(organization) {
  for (let attempt = 0; attempt < 50; attempt++) {
    const known = await service.identities(organization);
    if (known.length > 0) return known.map(({ name }) => name);
    await pass(100);
  }
  return [];
}

/** Runs in the page: the code of the error that init() rejects with. */
const codeOfInit = (options) =>
  getSdkApi()
    .init(options)
    .then(
      () => 'none',
      ({ code, message }) => `${code}: ${message}`,
    );

for (const [name, launch] of Object.entries(LAUNCHES)) {
  describe(`the client in ${name}`, () => {
    let browser;
    before(async () => {
      browser = await launch();
    });
    after(() => browser.close());

    async function open(t, site) {
      const page = await browser.newPage();
      t.after(() => page.close());
      await page.goto(site);
      return page;
    }

    /** A page that has started, over a line of 100 ms, and its organization. */
    async function start(t) {
      const organization = await service.createOrganization('off');
      const page = await open(t, await openSite(t));
      const options = {
        organizationKey: organization.organizationKey,
        serverUrl: await openSlowLine(t, service.url, 100),
      };
      await page.evaluate((options) => getSdkApi().init(options), options);
      return { organization, page, options };
    }

    it('sends an identify although the page goes to another one at once', async (t) => {
      const { organization, page } = await start(t);
      await page.evaluate(() => {
        getSdkApi().identify({ name: 'Jane', metadata: { note: 'x'.repeat(15_000) } });
        location.href = '/next';
      });
      assert.deepEqual(await names(organization), ['Jane']);
    });

    it('sends what is too long to outlive the page as any other request', async (t) => {
      const { page } = await start(t);
      const code = await page.evaluate(() =>
        getSdkApi()
          .identify({ name: 'x'.repeat(70_000) })
          .catch(({ code }) => code),
      );
      assert.equal(code, 'too_large');
    });

    it('sends an identify that finds the page’s share of such requests used up', async (t) => {
      const { page, options } = await start(t);
      const name = await page.evaluate(async ({ serverUrl }) => {
        const body = 'x'.repeat(60_000);
        fetch(`${serverUrl}/own`, { method: 'POST', mode: 'no-cors', keepalive: true, body });
        const metadata = { note: 'x'.repeat(15_000) };
        const identity = await getSdkApi().identify({ name: 'Jane', metadata });
        return identity.name;
      }, options);
      assert.equal(name, 'Jane');
    });

    it('names the policy of the page that blocks the service', async (t) => {
      const { organizationKey } = await service.createOrganization('off');
      for (const policy of ["connect-src 'self'", "default-src 'self'"]) {
        const page = await open(t, await openSite(t, { policy }));
        const options = { organizationKey, serverUrl: service.url };
        assert.equal(
          await page.evaluate(codeOfInit, options),
          `csp_blocked: Network error: ${service.url} is missing in connect-src of this page's Content-Security-Policy`,
        );
      }
      const allowed = await openSite(t, {
        policy: `default-src 'self'; connect-src ${service.url}`,
      });
      const page = await open(t, allowed);
      const options = { organizationKey, serverUrl: service.url };
      assert.match(await page.evaluate(codeOfInit, options), /^none/);
    });

    it('says that the origin is not listed, and that nothing listens', async (t) => {
      const organization = await service.createOrganization('off');
      const { organizationKey } = organization;
      await service.allowOrigins(organization, ['https://shop.example']);
      const page = await open(t, await openSite(t));
      for (const [serverUrl, code] of [
        [service.url, /^origin_not_allowed: .* add the origin to its allowedOrigins$/],
        ['http://127.0.0.1:9', /^network_error: .* cannot be reached: check serverUrl/],
      ]) {
        assert.match(await page.evaluate(codeOfInit, { organizationKey, serverUrl }), code);
      }
    });

    it('prints nothing for an anonymous visitor', async (t) => {
      const { organizationKey } = await service.createOrganization('required');
      const page = await open(t, await openSite(t));
      const said = [];
      page.on('console', (message) => said.push(message.text()));
      const identity = await page.evaluate(
        async (options) => {
          await getSdkApi().init(options);
          return getSdkApi().getIdentity();
        },
        { organizationKey, serverUrl: service.url },
      );
      assert.deepEqual([identity, said], [null, []]);
    });

    const reference = readFileSync(
      new URL('../../docs/reference/browser.md', import.meta.url),
      'utf8',
    );
    const pages = Array.from(
      reference.matchAll(/^```html[^\n]*\n(.*?)^```$/gms),
      ([, html]) => html,
    );
    assert.equal(pages.length, 2);
    for (const [index, html] of pages.entries()) {
      it(`runs page ${index + 1} of the reference, which logs what it says`, async (t) => {
        const { organizationKey } = await service.createOrganization('off');
        const here = html
          .replace('pk_…', organizationKey)
          .replace('https://chat.example.com', service.url);
        const site = await openSite(t, { html: here });
        const page = await browser.newPage();
        t.after(() => page.close());
        const said = new Promise((resolve) => {
          page.on('console', (message) => resolve(message.text()));
          page.on('pageerror', resolve);
        });
        await page.goto(site);
        const [, promised] = html.match(/console\.log\(.*\/\/ (.*)$/m);
        assert.equal(await said, promised);
        const isError = () => new getSdkApi.IdentityError('internal', 'boom') instanceof Error;
        assert.equal(await page.evaluate(isError), true);
      });
    }

    it('tells the subscribers of one tab what another has done, and only that', async (t) => {
      const { organizationKey } = await service.createOrganization('off');
      const site = await openSite(t);
      const context = await (browser.newContext ?? browser.createBrowserContext).call(browser);
      t.after(() => context.close());
      const [here, there] = [await context.newPage(), await context.newPage()];
      const options = { organizationKey, serverUrl: service.url };
      for (const page of [here, there]) {
        await page.goto(site);
        await page.evaluate((options) => getSdkApi().init(options), options);
      }
      const before = await here.evaluate(() => {
        window.heard = [];
        getSdkApi().subscribe((conversation) => window.heard.push(conversation?.visitorId));
        return getSdkApi().getConversation();
      });
      const visitor = await there.evaluate(() => {
        localStorage.setItem('cart', '1');
        return getSdkApi().reset();
      });
      await here.evaluate((visitor) => {
        window.expected = visitor.visitorId;
      }, visitor);
      // This tab may have been the faster one to make a visitor, which the other's then replaces.
      await here.waitForFunction(() => window.heard.at(-1) === window.expected);
      const heard = await here.evaluate(() => window.heard);
      assert(!heard.includes(before.visitorId), heard.join());
      assert.deepEqual(
        heard.filter((id, at) => at > 0 && id === heard[at - 1]),
        [],
      );
    });
  });
}

describe('the client in Chromium', () => {
  it('waits until the browser is online again', async (t) => {
    const { organizationKey } = await service.createOrganization('off');
    const browser = await LAUNCHES.Chromium();
    t.after(() => browser.close());
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(await openSite(t));
    const options = { organizationKey, serverUrl: service.url };
    await page.evaluate((options) => getSdkApi().init(options), options);
    const asked = [];
    page.on('requestfailed', (request) => asked.push(request.url()));
    await context.setOffline(true);
    const failed = page.waitForEvent('requestfailed');
    const call = page.evaluate(() => getSdkApi().identify({ name: 'Jane' }));
    await failed;
    await context.setOffline(false);
    assert.equal((await call).name, 'Jane');
    assert.equal(asked.length, 1);

    await context.setOffline(true);
    await page.evaluate((options) => getSdkApi().init({ ...options, timeout: 200 }), options);
    const code = await page.evaluate(() =>
      getSdkApi()
        .identify({ name: 'Jane' })
        .catch(({ code }) => code),
    );
    assert.equal(code, 'offline');
  });
});
