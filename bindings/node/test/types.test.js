import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('.', import.meta.url));

before(() => copyFileSync(`${project}/types.mts`, `${project}/types.cts`));

for (const [resolution, module] of [
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
  ['bundler', 'esnext'],
]) {
  for (const file of resolution === 'bundler' ? ['types.mts'] : ['types.mts', 'types.cts']) {
    test(`${file} passes tsc --strict with moduleResolution ${resolution}`, () => {
      const { status, stdout } = spawnSync(
        'tsc',
        [
          '--ignoreConfig',
          '--noEmit',
          '--strict',
          '--target',
          'es2022',
          '--lib',
          'es2024',
          '--module',
          module,
          '--moduleResolution',
          resolution,
          file,
        ],
        { cwd: project, encoding: 'utf8' },
      );
      assert.equal(status, 0, stdout);
    });
  }
}
