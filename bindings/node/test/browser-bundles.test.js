import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('.', import.meta.url));
const SIGNED = '03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae';

/** Bundles a program, and runs the bundle where there are no node_modules. */
function bundleAndRun(program, ...options) {
  const bundle = spawnSync('esbuild', ['--bundle', '--format=esm', ...options], {
    cwd: project,
    encoding: 'utf8',
    input: program,
  });
  assert.equal(bundle.status, 0, bundle.stderr);
  return spawnSync(process.execPath, ['--input-type=module'], {
    cwd: '/',
    encoding: 'utf8',
    input: bundle.stdout,
  });
}

const program = (entry) =>
  `import { generateIdentityHmac } from '${entry}';
  console.log(await generateIdentityHmac('visitor_1', 's3cret'));`;

for (const entry of ['identity-hmac', 'identity-hmac/webcrypto']) {
  test(`a browser bundle of ${entry} says why it does not run`, () => {
    const { status, stdout, stderr } = bundleAndRun(program(entry), '--platform=browser');
    assert.notEqual(status, 0);
    assert.equal(stdout, '');
    assert.match(stderr, /Error: identity-hmac must not run in a browser: .* Sign on your server/);
  });

  test(`a browser bundle of ${entry} refuses every name of it`, () => {
    const everything = `import * as everything from '${entry}'; console.log(everything);`;
    assert.match(
      bundleAndRun(everything, '--platform=browser').stderr,
      /must not run in a browser/,
    );
    const { exports } = JSON.parse(
      readFileSync(`${project}/node_modules/identity-hmac/package.json`, 'utf8'),
    );
    assert.equal(exports[entry.replace('identity-hmac', '.')].browser.default, './browser.mjs');
  });
}

for (const conditions of ['workerd,worker,browser', 'edge-light,worker,browser']) {
  test(`a bundle of identity-hmac/webcrypto for ${conditions} signs`, () => {
    const { stdout, stderr } = bundleAndRun(
      program('identity-hmac/webcrypto'),
      '--platform=browser',
      `--conditions=${conditions}`,
    );
    assert.equal(stdout, `${SIGNED}\n`, stderr);
  });

  test(`a bundle of the route of identity-hmac/webcrypto for ${conditions} answers`, () => {
    const { stdout, stderr } = bundleAndRun(
      `import { chatIdentityRoute, IdentityKey, User } from 'identity-hmac/webcrypto';
      const route = chatIdentityRoute({
        key: () => IdentityKey.fromSetting('SECRET', 's3cret'),
        authenticate: (_request, isJane) => isJane && new User('user_123'),
        visitorId: /visitor_1/,
      });
      const request = new Request('https://shop.example/?visitorId=visitor_1');
      console.log((await route(request, null)).status, await (await route(request, true)).text());`,
      '--platform=browser',
      `--conditions=${conditions}`,
    );
    assert.equal(stdout, `401 {"hmac":"${SIGNED}"}\n`, stderr);
  });

  test(`a bundle of identity-hmac for ${conditions} says where to look`, () => {
    const { stderr } = bundleAndRun(
      program('identity-hmac'),
      '--platform=browser',
      `--conditions=${conditions}`,
    );
    assert.match(stderr, /import identity-hmac\/webcrypto/);
  });
}

test('a bundle of identity-hmac/webcrypto for no platform in particular signs', () => {
  const { stdout, stderr } = bundleAndRun(program('identity-hmac/webcrypto'), '--platform=neutral');
  assert.equal(stdout, `${SIGNED}\n`, stderr);
});
