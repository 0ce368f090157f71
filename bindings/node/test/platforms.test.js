// What the package says where its native addon is not installed, or not made for the machine.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const installed = fileURLToPath(new URL('node_modules/identity-hmac', import.meta.url));
const project = mkdtempSync(join(tmpdir(), 'identity-hmac-'));
const copy = join(project, 'node_modules/identity-hmac');
cpSync(installed, copy, { recursive: true });
const [addon] = readdirSync(copy).filter((name) => name.endsWith('.node'));
const [, platform] = addon.match(/^identity-hmac\.(.*)\.node$/);
after(() => rmSync(project, { recursive: true }));

function run(program) {
  return spawnSync(process.execPath, ['--input-type=commonjs'], {
    cwd: project,
    encoding: 'utf8',
    input: program,
  });
}

function refuses(program, fault) {
  const { stdout, stderr } = run(`
    ${program};
    try { require('identity-hmac') } catch (error) { console.log(error.message) }
    require('identity-hmac/webcrypto').generateIdentityHmac('a', 'b').then(() => console.log('signed'));`);
  const remedy = 'Or import identity-hmac/webcrypto, which is installed with it and needs no addon';
  assert(stdout.startsWith(`identity-hmac: ${fault}`), stdout + stderr);
  assert(stdout.includes(remedy) && stdout.endsWith('signed\n'), stdout);
  // Neither a package that may not exist, nor another's fault.
  assert.doesNotMatch(stdout, /@identity-hmac|\bnpm\b/);
}

test('a platform that no addon is made for is named, with those that one is made for', () => {
  const { targets } = JSON.parse(readFileSync(join(copy, 'package.json'), 'utf8')).napi;
  const platforms = targets
    .map((target) => target.match(/^(x86_64|aarch64)-\w+-(linux|darwin|windows)-?(\w*)$/))
    .map(([, arch, system, abi]) =>
      [
        system === 'windows' ? 'win32' : system,
        arch === 'x86_64' ? 'x64' : 'arm64',
        ...(abi ? [abi] : []),
      ].join('-'),
    );
  refuses(
    "Object.defineProperty(process, 'platform', { value: 'sunos' }); " +
      "Object.defineProperty(process, 'arch', { value: 'riscv64' })",
    `there is no native addon for sunos-riscv64, only for ${platforms.sort().join(', ')}.`,
  );
});

test('an addon that does not load says why', () => {
  writeFileSync(join(copy, addon), 'not a library');
  refuses('', `the native addon for ${platform} does not load: `);
});

test('an addon that is not installed says how to install it', () => {
  rmSync(join(copy, addon));
  refuses('', `the native addon for ${platform} is not installed; install identity-hmac on the`);
});
