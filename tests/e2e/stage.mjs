// What the tests of one file play on: a service, a browser, and the shops that they open.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { chromium } from 'playwright-core';
import { Backend } from '../../examples/test/backends.mjs';
import { VerificationSwitch } from '../../scripts/verification-switch.mjs';
import { launchOptions, readTraffic } from './chromium.mjs';
import { Service } from './service.mjs';
import { Tab } from './tab.mjs';

/** Sets the stage before the first test of the suite that calls this, and clears it after the last. */
export function setStage() {
  const stage = new Stage();
  before(() => stage.open());
  after(() => stage.close());
  return stage;
}

class Stage {
  folder = mkdtempSync(join(tmpdir(), 'identity-hmac-e2e-'));
  service = new Service(this.folder);
  #logs = [];
  #shops = [];

  async open() {
    await this.service.start();
    this.browser = await chromium.launch(this.#launchOptions());
  }

  /** A backend, and the organization that it signs for, which is a new one unless given. */
  async openShop(name, { verification = 'required', organization } = {}) {
    organization ??= await this.service.createOrganization(verification);
    const demoSwitch = new VerificationSwitch(verification, (mode) =>
      this.service.setVerification(organization, mode),
    );
    const backend = new Backend(name, {
      DEMO_SWITCH_URL: await demoSwitch.listen(),
      IDENTITY_SECRET: organization.secret,
      IDENTITY_TOKEN_KEY: organization.tokenKey,
      IDENTITY_SERVER_URL: this.service.url,
      ORGANIZATION_KEY: organization.organizationKey,
      PORT: '0',
    });
    const shop = { backend, demoSwitch, organization };
    this.#shops.push(shop);
    shop.origin = await backend.origin();
    demoSwitch.allowedOrigins = [shop.origin];
    return shop;
  }

  /** A browser that knows nothing yet, for as long as the test runs. */
  async newContext(t, options) {
    const context = await this.browser.newContext(options);
    t.after(() => context.close());
    return context;
  }

  /** The same with a profile that the test has prepared, in a folder. */
  async newContextOf(t, profile) {
    const context = await chromium.launchPersistentContext(profile, this.#launchOptions());
    t.after(() => context.close());
    return context;
  }

  /** A tab of a new browser that shows the shop's page, and never has a reason to complain. */
  async visit(t, shop, options) {
    const tab = await Tab.open(await this.newContext(t, options), shop);
    t.after(() => assert.deepEqual(tab.complaints, []));
    return tab;
  }

  async close() {
    try {
      await this.browser?.close();
      await Promise.all(this.#shops.map(({ backend }) => backend.end()));
      for (const { demoSwitch } of this.#shops) demoSwitch.close();
      await this.service.stop();
      if (this.browser) this.#checkTraffic();
    } finally {
      rmSync(this.folder, { recursive: true });
    }
  }

  #launchOptions() {
    const log = join(this.folder, `net-log-${this.#logs.length}.json`);
    this.#logs.push(log);
    return launchOptions(log);
  }

  /** Whatever the tests did, the browser was not sent a secret, and the service not a cookie. */
  #checkTraffic() {
    const traffic = this.#logs.map(readTraffic);
    const sent = traffic.flatMap(({ sent }) => sent);
    const received = traffic.flatMap(({ received }) => received);

    const { host } = new URL(this.service.url);
    const toService = sent.filter((text) => text.includes(`\r\nHost: ${host}\r\n`));
    assert(toService.length > 0, 'the browser has called the service');
    assert(!toService.some((text) => /^cookie:/im.test(text)), 'the service got a cookie');

    assert(
      received.some((text) => text.includes('"visitorToken":"vt_')),
      'the log has answers',
    );
    for (const [name, secret] of Object.entries(this.service.secrets)) {
      const forms = [secret, secret.toUpperCase(), Buffer.from(secret).toString('base64')];
      if (/^[0-9a-f]+$/.test(secret)) forms.push(Buffer.from(secret, 'hex').toString('base64'));
      for (const form of forms) {
        assert(!received.some((text) => text.includes(form)), `the browser got the ${name}`);
      }
    }
  }
}
