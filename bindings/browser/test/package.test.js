// What is in the package, and how it gets onto a page.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, test } from 'node:test';
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

test('each build is under 4 KB gzipped', () => {
  for (const build of ['index.mjs', 'global.js']) {
    const { length } = gzipSync(readFileSync(installed + build), { level: 9 });
    assert(length < 4096, `${build} has ${length} bytes`);
  }
});

test('the package has its builds, their types, and nothing that it depends on', () => {
  assert.deepEqual(readdirSync(installed).sort(), [
    'LICENSE-APACHE',
    'LICENSE-MIT',
    'README.md',
    'api.d.cts',
    'api.d.ts',
    'error.d.cts',
    'error.d.ts',
    'global.cjs',
    'global.d.cts',
    'global.d.ts',
    'global.js',
    'index.cjs',
    'index.d.cts',
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
    'on',
    'reset',
    'shutdown',
    'subscribe',
  ]);
});

test('getSdkApi returns the one api object, which nobody can change', () => {
  assert.equal(sdk.getSdkApi(), sdk.getSdkApi());
  assert.equal(sdk.getSdkApi().init, sdk.init);
  assert(Object.isFrozen(sdk.getSdkApi()));
});

describe('on a server, where one process has many users', () => {
  const api = sdk.getSdkApi();
  const NOT_IN_BROWSER = {
    name: 'IdentityError',
    code: 'not_in_browser',
    message: 'Not in a browser: call this in an effect',
  };

  test('every promise rejects, and no request is sent', async () => {
    for (const call of [
      () => sdk.init(options),
      () => api.identify({ name: 'Alice' }),
      () => api.getIdentity(),
      () => api.reset(),
    ]) {
      await assert.rejects(call(), NOT_IN_BROWSER);
    }
    assert.equal(service.requests.length, 0);
  });

  test('there is no conversation, and subscribers hear nothing', () => {
    assert.equal(api.getConversation(), null);
    const end = api.subscribe(() => assert.fail('there is nothing to hear'));
    assert.equal(end(), undefined);
    api.shutdown();
  });

  test('a module of CommonJS does the same', () => {
    const { getSdkApi, init, IdentityError } = require('identity-hmac-browser');
    assert.equal(getSdkApi().getConversation(), null);
    return assert.rejects(init(options), (error) => error instanceof IdentityError);
  });
});

test('require gives the same as import, in a test that has a page of its own', () => {
  const program = `
    const { becomePage } = await import('./browser.js');
    becomePage();
    const { getSdkApi, init } = require('identity-hmac-browser');
    init(${JSON.stringify(options)})
      .then(() => getSdkApi().identify({ name: 'Jane' }))
      .then(({ name }) => console.log(name));`;
  const child = spawn(process.execPath, ['-e', `(async () => {${program}})()`], {
    cwd: project,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return text(child.stdout).then((said) => assert.equal(said, 'Jane\n'));
});

test('require runs the script as well', () => {
  require('identity-hmac-browser/global');
  assert.equal(typeof globalThis.getSdkApi().init, 'function');
  delete globalThis.getSdkApi;
});

test('the script hands itself to what stood in for it, and gives the class of its errors', () => {
  const arrived = [];
  const standIn = Object.assign(() => {}, { arrive: (api) => arrived.push(api) });
  const page = new Browser().open({ standIn });
  page.run();
  assert.deepEqual(arrived, [page.api]);
  assert.equal(
    new page.globalThis.getSdkApi.IdentityError('internal', 'boom').name,
    'IdentityError',
  );
});

test('errors are of the class of the module, and of Error', async () => {
  const error = await sdk.init(options).catch((error) => error);
  assert(error instanceof sdk.IdentityError);
  assert(error instanceof Error);
  assert.equal(String(error), `IdentityError: ${error.message}`);
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
  assert.equal(stdout, '8\n', stderr);
  assert.equal(manifest.unpkg, manifest.exports['./global'].default.default);
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
  assert.match(
    bundle("import { init } from 'identity-hmac-browser'; init();"),
    /X-Organization-Key/,
  );
  assert.doesNotMatch(bundle("import 'identity-hmac-browser';"), /X-Organization-Key/);
  assert.match(bundle("import 'identity-hmac-browser/global';"), /X-Organization-Key/);
});
