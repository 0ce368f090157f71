// The playground of the built documentation, in Debian's Chromium.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';

const require = createRequire(new URL('../tests/e2e/', import.meta.url));
const axe = require('axe-core');
const { chromium } = require('playwright-core');

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

const sign = (secret, text) => createHmac('sha256', secret).update(text);

describe('the playground', () => {
  let server;
  let browser;
  let page;
  before(async () => {
    server = createServer(async ({ url }, response) => {
      const { pathname } = new URL(url, 'http://site');
      const type = TYPES[extname(pathname)] ?? 'application/octet-stream';
      const file = await readFile(join(process.env.SITE, pathname)).catch(() => undefined);
      response.writeHead(file ? 200 : 404, { 'Content-Type': type }).end(file);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--disable-gpu'],
    });
  });
  after(async () => {
    await browser.close();
    server.closeAllConnections();
    server.close();
  });
  beforeEach(async () => {
    page = await browser.newPage();
    await open();
  });

  async function open() {
    await page.goto(`http://127.0.0.1:${server.address().port}/playground.html`);
    await page.locator('output[name=hmac]:not(:empty), #broken:not([hidden])').first().waitFor();
  }

  const value = (name) => page.locator(`[name=${name}]`).evaluate(({ value }) => value);
  const verdictOn = async (proof) => {
    await page.fill('[name=proof]', proof);
    return page.locator('#verdict').textContent();
  };

  it('signs what the snippet of the document signs', async () => {
    await page.fill('[name=visitorId]', 'visitor_1');
    const expected = sign(await value('secret'), 'visitor_1').digest('hex');
    assert.equal(await value('hmac'), expected);
    assert.match(await verdictOn(expected), /^The hmac matches\./);
  });

  it('makes a token that any library can verify', async () => {
    const token = await value('token');
    const [header, payload, signature] = token.split('.');
    const expected = sign(await value('key'), `${header}.${payload}`).digest('base64url');
    assert.equal(signature, expected);
    const claims = JSON.parse(await value('claims'));
    assert.deepEqual(claims, JSON.parse(Buffer.from(payload, 'base64url')));
    assert.equal(claims.sub, 'user_123');
    assert.equal(claims.email, 'jane@example.com');
    assert.equal(claims.visitorId, await value('visitorId'));
    assert.match(await verdictOn(token), /^The token matches\./);
  });

  it('explains a proof that does not match', async () => {
    const [secret, visitorId] = [await value('secret'), await value('visitorId')];
    const base64 = sign(secret, `${visitorId}\n`).digest('base64');
    const verdict = await verdictOn(base64);
    assert.match(verdict, /^The hmac does not match:/);
    assert.match(verdict, /\[visitor_id_trailing_newline\]/);
    assert.match(verdict, /\[hmac_base64\]/);

    const token = await value('token');
    await page.fill('[name=visitorId]', 'visitor_2');
    assert.match(await verdictOn(token), /^The token does not match:/);
    assert.match(await verdictOn('0'.repeat(64)), /by no usual mistake/);
  });

  it('says what is wrong with an input', async () => {
    await page.fill('[name=secret]', '');
    assert.match(await value('hmac'), /secret/);
    await page.fill('[name=key]', 'itk_1');
    assert.match(await value('token'), /key/);
    await page.fill('[name=externalId]', '');
    assert.equal(await value('claims'), '');
  });

  it('makes other secrets for each visit', async () => {
    const read = async () => [await value('secret'), await value('key'), await value('visitorId')];
    const first = await read();
    await open();
    assert.equal(new Set([...first, ...(await read())]).size, 6);
  });

  it('sends nothing once it is loaded', async () => {
    const sent = [];
    page.on('request', (request) => sent.push(request.url()));
    await verdictOn(await value('token'));
    await page.fill('[name=secret]', 'another');
    await page.keyboard.press('Enter');
    await page.waitForTimeout(200);
    assert.deepEqual(sent, []);
  });

  it('says so where the module is missing', async () => {
    await page.route('**/playground.wasm', (route) => route.fulfill({ status: 404 }));
    await open();
    assert.match(await page.locator('#broken').textContent(), /does not run: .* is not there/);
  });

  for (const colorScheme of ['light', 'dark']) {
    it(`can be read by all, in the ${colorScheme}`, async () => {
      await page.emulateMedia({ colorScheme });
      await verdictOn('0'.repeat(64));
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() => globalThis.axe.run('#try'));
      assert.deepEqual(
        violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
        [],
      );
    });
  }
});
