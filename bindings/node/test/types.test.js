import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('.', import.meta.url));

before(() => copyFileSync(`${project}/types.mts`, `${project}/types.cts`));

/** Compiles a file strictly, without any types but the package's and those that are asked for. */
function compiles(file, module, resolution, ...options) {
  const lib = ['--target', 'es2022', '--lib', 'es2024'];
  const modules = ['--module', module, '--moduleResolution', resolution];
  const { status, stdout } = spawnSync(
    'tsc',
    ['--ignoreConfig', '--noEmit', '--strict', ...lib, ...modules, ...options, file],
    { cwd: project, encoding: 'utf8' },
  );
  assert.equal(status, 0, stdout);
}

for (const [resolution, module] of [
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
  ['bundler', 'esnext'],
]) {
  for (const file of resolution === 'bundler' ? ['types.mts'] : ['types.mts', 'types.cts']) {
    test(`${file} passes tsc --strict with moduleResolution ${resolution}`, () =>
      compiles(file, module, resolution));
  }
}

test("the package's types fit those of Node, Fastify and Hono", () =>
  compiles('types-of-others.mts', 'nodenext', 'nodenext', '--types', 'node'));
