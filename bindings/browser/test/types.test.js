import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('.', import.meta.url));

for (const [resolution, module] of [
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
  ['bundler', 'esnext'],
]) {
  // Each by itself: together, the one would have the other's global.
  for (const file of ['types.mts', 'global.mts']) {
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
