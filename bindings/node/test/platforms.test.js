// What the package says where its native addon is not installed, or not made for the machine.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
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
  assert(stdout.startsWith(`identity-hmac: ${fault}`), stdout + stderr);
  for (const remedy of [
    'Or import identity-hmac/webcrypto, which is installed with it and needs no addon',
    'Or compile the addon: https://identity-hmac.github.io/identity-hmac/reference/node.html#platforms',
  ]) {
    assert(stdout.includes(remedy), stdout);
  }
  assert(stdout.endsWith('signed\n'), stdout);
}

const ON_SUNOS =
  "Object.defineProperty(process, 'platform', { value: 'sunos' });" +
  "Object.defineProperty(process, 'arch', { value: 'riscv64' })";

test('a platform that no addon is made for is named, with those that one is made for', () => {
  const { targets } = JSON.parse(readFileSync(join(copy, 'package.json'), 'utf8')).napi;
  const platforms = targets
    .filter((target) => !target.startsWith('wasm32'))
    .map((target) => target.match(/^(x86_64|aarch64)-\w+-(linux|darwin|windows)-?(\w*)$/))
    .map(([, arch, system, abi]) =>
      [
        system === 'windows' ? 'win32' : system,
        arch === 'x86_64' ? 'x64' : 'arm64',
        ...(abi ? [abi] : []),
      ].join('-'),
    );
  refuses(
    ON_SUNOS,
    `there is no native addon for sunos-riscv64, only for ${platforms.sort().join(', ')}. ` +
      'Install it as WebAssembly, with `npm install --cpu=wasm32 identity-hmac`.',
  );
});

test('an addon that was compiled for another platform is loaded from beside the package', () => {
  const compiled = join(copy, 'identity-hmac.sunos-riscv64.node');
  cpSync(join(copy, addon), compiled);
  const { stdout } = run(
    `${ON_SUNOS}; console.log(require('identity-hmac').generateIdentityHmac('visitor_1', 's3cret'))`,
  );
  rmSync(compiled);
  assert.match(stdout, /^03d2bb3218280c28/);
});

test('where no native addon is, the one in WebAssembly is taken', () => {
  const wasm = join(project, 'node_modules/@identity-hmac/addon-wasm32-wasip1');
  mkdirSync(wasm, { recursive: true });
  writeFileSync(join(wasm, 'index.js'), "exports.generateSecret = () => 'of WebAssembly'");
  const { stdout } = run(`${ON_SUNOS}; console.log(require('identity-hmac').generateSecret())`);
  rmSync(wasm, { recursive: true });
  assert.equal(stdout, 'of WebAssembly\n');
});

test('an addon that does not load says why', () => {
  writeFileSync(join(copy, addon), 'not a library');
  refuses('', `the addon for ${platform} does not load: `);
});

test('an addon that is not installed says how to install it', () => {
  rmSync(join(copy, addon));
  refuses(
    '',
    `the addon for ${platform} is not installed. Remove node_modules and the lock file, and install on ` +
      'the platform that it runs on, with optional dependencies.',
  );
});
