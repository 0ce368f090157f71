// A Next.js application that imports the package like any other: built by Turbopack, which bundles
// it, and served. The Makefile puts Next.js (tests/next) beside the application.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { serveNext } from './serve.mjs';

const SIGNED = '03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae';
const application = fileURLToPath(new URL('next', import.meta.url));

describe('in Next.js, without a line of configuration', () => {
  let server;

  before(async () => {
    server = await serveNext(application);
  });

  after(() => server?.end());

  const get = async (path) => (await fetch(server.origin + path)).json();

  test('a route signs', async () => {
    assert.deepEqual(await get('/api/chat-identity?visitorId=visitor_1'), {
      hmac: SIGNED,
      name: 'IdentityKey',
    });
  });

  test('a route tells the errors apart, by their own names', async () => {
    assert.deepEqual(await get('/api/chat-identity?visitorId='), {
      error:
        'IdentityHmacError: the visitor id is empty; pass the id that the chat gave this visitor',
      isOwn: true,
    });
    assert.deepEqual(await get('/api/chat-identity'), {
      error: 'TypeError: visitorId must be a string or a Uint8Array; received null',
      isOwn: false,
    });
  });

  test('a page that is rendered on the server signs', async () => {
    assert((await (await fetch(server.origin)).text()).includes(`<p>${SIGNED}</p>`));
  });

  test('a route in the edge runtime signs ids and tokens with identity-hmac/webcrypto', async () => {
    assert.deepEqual(await get('/api/edge'), { hmac: SIGNED, externalId: 'user_123' });
  });
});
