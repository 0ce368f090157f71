// On a real Next.js server nobody is anybody: what one request does is not there for the next. The
// Makefile puts Next.js (tests/next) beside the application.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startService } from './service.js';

const project = fileURLToPath(new URL('next', import.meta.url));
const next = (...args) => ['node_modules/next/dist/bin/next', ...args];

describe('on a Next.js server', () => {
  let service;
  let server;
  let origin;

  before(async () => {
    service = await startService();
    const readme = readFileSync(`${project}/node_modules/identity-hmac-browser/README.md`, 'utf8');
    const [, component] = readme.match(/^```tsx\n(.*?)^```$/ms);
    writeFileSync(`${project}/app/chat.jsx`, component);

    const more = { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' };
    const env = { ...process.env, ...more, NEXT_PUBLIC_SERVER_URL: service.url };
    const options = { cwd: project, env, encoding: 'utf8' };
    const build = spawnSync(process.execPath, next('build'), options);
    assert.equal(build.status, 0, build.stdout + build.stderr);
    server = spawn(process.execPath, next('start', '--port', '0', '--hostname', '127.0.0.1'), {
      ...options,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let log = '';
    while (!origin || !log.includes('Ready')) {
      log += (await once(server.stdout, 'data'))[0];
      [origin] = log.match(/http:\/\/127\.0\.0\.1:[0-9]+/) ?? [];
    }
    server.stdout.resume();
  });

  after(async () => {
    server?.kill();
    await service.stop();
  });

  const get = async (path) => (await fetch(origin + path)).text();

  for (const [what, path, shown] of [
    ['the component of the README', '/', '<p>One moment…</p>'],
    [
      'a page that starts where its module is loaded',
      '/careless',
      'nobody<!-- -->, <!-- -->not_in_browser',
    ],
  ]) {
    test(`${what} renders the same for everybody`, async () => {
      for (let request = 1; request <= 2; request++) {
        const html = await get(path);
        assert(html.includes(shown), html);
      }
      assert.deepEqual(service.requests, []);
    });
  }

  test('a request does not read what another one has identified', async () => {
    for (const path of ['/api/who?name=Alice', '/api/who']) {
      assert.deepEqual(JSON.parse(await get(path)), {
        answer: 'not_in_browser',
        conversation: null,
      });
    }
    assert.deepEqual(service.requests, []);
  });
});
