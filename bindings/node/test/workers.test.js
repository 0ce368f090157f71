import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  generateIdentityHmac,
  generateTokenKey,
  IdentityKey,
  IdentityTokenKey,
} from 'identity-hmac';
import { implementations } from './implementations.js';

/** Runs an async function body in a worker and gives what it returns. */
function inWorker(body) {
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
    (async () => { ${body} })().then((result) => parentPort.postMessage(result));`,
    { eval: true },
  );
  return new Promise((resolve, reject) => {
    let result;
    worker.on('message', (message) => {
      result = message;
    });
    worker.on('error', reject);
    worker.on('exit', () => resolve(result));
  });
}

for (const [entry] of implementations) {
  test(`${entry} works in many workers at once, each with keys of its own`, async () => {
    const signed = await Promise.all(
      Array.from({ length: 8 }, (_, worker) =>
        inWorker(`
          const { IdentityKey } = await import('${entry}');
          const key = new IdentityKey('secret ${worker}');
          const signed = [];
          for (let i = 0; i < 2000; i++) signed.push(await key.sign('visitor_' + i));
          return signed;`),
      ),
    );
    for (const [worker, hmacs] of signed.entries()) {
      for (const [i, hmac] of hmacs.entries()) {
        assert.equal(hmac, generateIdentityHmac(`visitor_${i}`, `secret ${worker}`));
      }
    }
  });

  test(`${entry} throws a worker's own error class in a worker`, async () => {
    const isOwn = await inWorker(`
      const { IdentityHmacError, IdentityKey } = await import('${entry}');
      try { new IdentityKey('') } catch (error) {
        return error instanceof IdentityHmacError && error.code === 'empty_secret';
      }`);
    assert.equal(isOwn, true);
    assert.throws(() => new IdentityKey(''), { code: 'empty_secret' });
  });

  test(`${entry} signs and verifies tokens in many workers at once`, async () => {
    const key = generateTokenKey();
    const tokens = await Promise.all(
      Array.from({ length: 4 }, () =>
        inWorker(`
          const { IdentityTokenKey } = await import('${entry}');
          const key = new IdentityTokenKey('${key}');
          const tokens = [];
          for (let i = 0; i < 200; i++) {
            tokens.push(await key.sign({ visitorId: 'visitor_' + i, externalId: 'user_' + i }));
            await key.verify(tokens[i], 'visitor_' + i);
          }
          return tokens;`),
      ),
    );
    for (const [i, token] of tokens.flat().entries()) {
      const claims = new IdentityTokenKey(key).verify(token, `visitor_${i % 200}`);
      assert.equal(claims.externalId, `user_${i % 200}`);
    }
  });

  test(`${entry} reads a worker's own copy of the environment`, async () => {
    const hmac = await inWorker(`
      process.env.IDENTITY_SECRET = 's3cret';
      const { IdentityKey } = await import('${entry}');
      return IdentityKey.fromEnv().sign('visitor_1');`);
    assert.equal(hmac, generateIdentityHmac('visitor_1', 's3cret'));
    assert.equal(process.env.IDENTITY_SECRET, undefined);
  });
}

test('a main thread goes on when a worker with keys was terminated', async () => {
  const worker = new Worker(
    `const { IdentityKey } = require('identity-hmac');
    const key = new IdentityKey('s3cret');
    require('node:worker_threads').parentPort.postMessage('ready');
    for (;;) key.sign('visitor_1');`,
    { eval: true },
  );
  await new Promise((resolve) => worker.once('message', resolve));
  await worker.terminate();
  assert.equal(new IdentityKey('s3cret').verify('visitor_1', undefined), false);
});
