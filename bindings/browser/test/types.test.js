import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('.', import.meta.url));

// The same in a CommonJS module.
for (const name of ['types', 'global']) {
  copyFileSync(`${project}${name}.mts`, `${project}${name}.cts`);
}

for (const [resolution, module, ...extensions] of [
  ['node16', 'node16', 'mts', 'cts'],
  ['bundler', 'esnext', 'mts'],
]) {
  // Each by itself: together, the one would have the other's global.
  for (const file of extensions.flatMap((extension) => [
    `types.${extension}`,
    `global.${extension}`,
  ])) {
    test(`${file} passes tsc --strict with moduleResolution ${resolution}`, () => {
      const flags = ['--ignoreConfig', '--noEmit', '--strict', '--exactOptionalPropertyTypes'];
      const target = ['--target', 'es2022', '--lib', 'es2022,dom', '--module', module];
      const { status, stdout } = spawnSync(
        'tsc',
        [...flags, ...target, '--moduleResolution', resolution, file],
        { cwd: project, encoding: 'utf8' },
      );
      assert.equal(status, 0, stdout);
    });
  }
}
