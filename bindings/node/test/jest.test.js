import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

test('in Jest, errors are of its realm, and resetting the modules does not change what they are', () => {
  const { status, stderr } = spawnSync(
    'jest',
    ['--config', '{"testMatch": ["**/in-jest.cjs"], "transform": {}}', '--watchman=false'],
    { cwd: fileURLToPath(new URL('.', import.meta.url)), encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  assert.match(stderr, /2 passed/);
});
