// A Next.js application, built by Turbopack as by default, and served on a free port of the loopback.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

const next = (...args) => ['node_modules/next/dist/bin/next', ...args];

/** Builds and serves the application in `folder`; resolves to its origin and what ends it. */
export async function serveNext(folder, env = {}) {
  const options = {
    cwd: folder,
    env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production', ...env },
    encoding: 'utf8',
  };
  const build = spawnSync(process.execPath, next('build'), options);
  assert.equal(build.status, 0, build.stdout + build.stderr);
  const server = spawn(process.execPath, next('start', '--port', '0', '--hostname', '127.0.0.1'), {
    ...options,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let log = '';
  let origin;
  while (!origin || !log.includes('Ready')) {
    log += (await once(server.stdout, 'data'))[0];
    [origin] = log.match(/http:\/\/127\.0\.0\.1:[0-9]+/) ?? [];
  }
  server.stdout.resume();
  return { origin, end: () => server.kill() };
}
