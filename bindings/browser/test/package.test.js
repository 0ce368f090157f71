// What is in the package, and how it gets onto a page.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import * as sdk from 'identity-hmac-browser';
import { Browser } from './browser.js';
import { startService } from './service.js';

const require = createRequire(import.meta.url);
const project = fileURLToPath(new URL('.', import.meta.url));
const installed = `${project}node_modules/identity-hmac-browser/`;
const manifest = require('identity-hmac-browser/package.json');

let service;
let options;

beforeEach(async () => {
  service = await startService();
  options = { organizationKey: 'pk_1', serverUrl: service.url };
});
afterEach(() => service.stop());

test('each build is under 3 KB gzipped', () => {
  for (const build of ['index.mjs', 'global.js']) {
    const { length } = gzipSync(readFileSync(installed + build), { level: 9 });
    assert(length < 3000, `${build} has ${length} bytes`);
  }
});

test('the package has its builds, their types, and nothing that it depends on', () => {
  assert.deepEqual(readdirSync(installed).sort(), [
    'LICENSE-APACHE',
    'LICENSE-MIT',
    'README.md',
    'api.d.ts',
    'error.d.ts',
    'global.d.ts',
    'global.js',
    'index.d.ts',
    'index.mjs',
    'package.json',
  ]);
  assert.equal(manifest.dependencies, undefined);
});

test('the module has the names of the document and the error class', () => {
  assert.deepEqual(Object.keys(sdk).sort(), ['IdentityError', 'getSdkApi', 'init']);
  assert.deepEqual(Object.keys(sdk.getSdkApi()).sort(), [
    'getConversation',
    'getIdentity',
    'identify',
    'init',
    'reset',
  ]);
});

test('getSdkApi returns the one api object, which nobody can change', () => {
  assert.equal(sdk.getSdkApi(), sdk.getSdkApi());
  assert.equal(sdk.getSdkApi().init, sdk.init);
  assert(Object.isFrozen(sdk.getSdkApi()));
});

test('the module works where there is no browser, and its errors are of its class', async () => {
  const error = await sdk.init().catch((error) => error);
  assert(error instanceof sdk.IdentityError);
  assert(error instanceof Error);
  assert.equal(String(error), `IdentityError: ${error.message}`);

  const { visitorId } = await sdk.init(options);
  const { anonymousUserId } = await sdk.getSdkApi().identify({ name: 'Jane' });
  assert.equal(anonymousUserId, visitorId);
});

test('the module puts nothing on the page', () => {
  const { stdout } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', "import 'identity-hmac-browser'; console.log(typeof getSdkApi)"],
    { cwd: project, encoding: 'utf8' },
  );
  assert.equal(stdout, 'undefined\n');
});

test('the script puts getSdkApi on the page, and nothing else', () => {
  assert.deepEqual(Object.keys(new Browser().open().globalThis), ['getSdkApi']);
});

test('a page that runs the script twice keeps its one api object and visitor', async () => {
  const page = new Browser().open();
  await page.api.init(options);
  page.run();
  assert.equal(page.globalThis.getSdkApi(), page.api);
});

test('identity-hmac-browser/global is the script, for import as well as from a CDN', () => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      "import 'identity-hmac-browser/global'; console.log(Object.keys(getSdkApi()).length)",
    ],
    { cwd: project, encoding: 'utf8' },
  );
  assert.equal(stdout, '5\n', stderr);
  assert.equal(manifest.unpkg, manifest.exports['./global'].default);
  assert.equal(manifest.jsdelivr, manifest.unpkg);
});

/** What a bundle of the program is for a browser page. */
function bundle(program) {
  const { status, stdout, stderr } = spawnSync('esbuild', ['--bundle', '--format=esm'], {
    cwd: project,
    encoding: 'utf8',
    input: program,
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

test('a bundler keeps the module that is used, and drops what is not', () => {
  assert.match(bundle("import { init } from 'identity-hmac-browser'; init();"), /v1\/visitors/);
  assert.doesNotMatch(bundle("import 'identity-hmac-browser';"), /v1\/visitors/);
  assert.match(bundle("import 'identity-hmac-browser/global';"), /v1\/visitors/);
});
