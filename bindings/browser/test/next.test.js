// On a real Next.js server nobody is anybody: what one request does is not there for the next. The
// Makefile puts Next.js (tests/next) beside the application.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { serveNext } from './serve.mjs';
import { startService } from './service.js';

const project = fileURLToPath(new URL('next', import.meta.url));

describe('on a Next.js server', () => {
  let service;
  let server;

  before(async () => {
    service = await startService();
    const reference = readFileSync(new URL('browser.md', import.meta.url), 'utf8');
    const [, component] = reference.match(/^```tsx\n(.*?)^```$/ms);
    writeFileSync(`${project}/app/chat.jsx`, component);

    server = await serveNext(project, { NEXT_PUBLIC_SERVER_URL: service.url });
  });

  after(async () => {
    server?.end();
    await service.stop();
  });

  const get = async (path) => (await fetch(server.origin + path)).text();

  for (const [what, path, shown] of [
    ['the component of the reference', '/', '<p>One moment…</p>'],
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
