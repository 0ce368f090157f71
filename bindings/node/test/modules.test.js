import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as imported from 'identity-hmac';
import * as importedWebcrypto from 'identity-hmac/webcrypto';

const require = createRequire(import.meta.url);
const project = realpathSync(fileURLToPath(new URL('.', import.meta.url)));

const ROUTES = ['identity-hmac/express', 'identity-hmac/fastify', 'identity-hmac/route'];
const NAMES = [
  'IdentityHmacError',
  'IdentityKey',
  'IdentityTokenError',
  'IdentityTokenKey',
  'IdentityTokenKeyring',
  'Keyring',
  'generateIdentityHmac',
  'generateSecret',
  'generateTokenKey',
  'verifyIdentityHmac',
];

test('what is tested is the installed package', () => {
  for (const entry of ['identity-hmac', 'identity-hmac/webcrypto', 'identity-hmac/package.json']) {
    assert(require.resolve(entry).startsWith(`${project}/node_modules/identity-hmac/`));
  }
});

test('both entries have the same names, from import and from require, and webcrypto a route', () => {
  for (const entry of [imported, require('identity-hmac')]) {
    assert.deepEqual(Object.keys(entry).sort(), NAMES);
  }
  for (const entry of [importedWebcrypto, require('identity-hmac/webcrypto')]) {
    assert.deepEqual(Object.keys(entry).sort(), [...NAMES, 'User', 'chatIdentityRoute'].sort());
  }
});

test('each entry with a route has the route and its user, from import and from require', async () => {
  for (const entry of ROUTES) {
    assert(require.resolve(entry).startsWith(`${project}/node_modules/identity-hmac/`));
    const importedRoute = await import(entry);
    const { chatIdentityRoute, User, ...others } = require(entry);
    assert.deepEqual(others, {});
    assert.equal(importedRoute.chatIdentityRoute, chatIdentityRoute);
    assert.equal(importedRoute.User, User);
    assert.equal(User, require('identity-hmac/route').User);
  }
});

test('what is imported and what is required are the same classes', () => {
  const required = require('identity-hmac');
  for (const [name, value] of Object.entries(imported)) {
    assert.equal(value, required[name]);
  }
});

test('what webcrypto gives to require works as well', async () => {
  const { IdentityKey } = require('identity-hmac/webcrypto');
  assert.equal(
    await new IdentityKey('s3cret').sign('visitor_1'),
    imported.generateIdentityHmac('visitor_1', 's3cret'),
  );
});

test('nothing else of the package can be imported', () => {
  for (const path of [
    'addon.cjs',
    'bundled/index.mjs',
    'index.cjs',
    'routes.cjs',
    'webcrypto.mjs',
  ]) {
    assert.throws(() => require(`identity-hmac/${path}`), {
      code: 'ERR_PACKAGE_PATH_NOT_EXPORTED',
    });
  }
});

test('a program that has only made keys ends by itself', () => {
  const { status } = spawnSync(
    process.execPath,
    [
      '-e',
      `const { IdentityKey, IdentityTokenKey, generateTokenKey } = require('identity-hmac');
      new IdentityKey('s3cret');
      new IdentityTokenKey(generateTokenKey());`,
    ],
    { cwd: project, timeout: 30_000 },
  );
  assert.equal(status, 0);
});
