// What the types of Node and of frameworks have to fit, of which the package knows only the shape. Read by types.test.js.

import { createSecretKey, generateKeySync, webcrypto } from 'node:crypto';
import fastify from 'fastify';
import { Hono } from 'hono';
import * as native from 'identity-hmac';
import { chatIdentityRoute as onFastify } from 'identity-hmac/fastify';
import { chatIdentityRoute, User } from 'identity-hmac/route';
import * as onWebCrypto from 'identity-hmac/webcrypto';

const fromBytes = createSecretKey(Buffer.from('s3cret'));
const generated = generateKeySync('hmac', { length: 256 });
const cryptoKey: webcrypto.CryptoKey = await webcrypto.subtle.importKey(
  'raw',
  Buffer.from('s3cret'),
  { name: 'HMAC', hash: 'SHA-256' },
  false,
  ['sign', 'verify'],
);

const hmac: string = native.generateIdentityHmac('visitor_1', fromBytes);
const keyring = new native.Keyring(fromBytes, new native.IdentityKey(generated));
console.log(keyring.verify('visitor_1', hmac));
console.log(await onWebCrypto.verifyIdentityHmac('visitor_1', hmac, cryptoKey));
new onWebCrypto.Keyring(new onWebCrypto.IdentityKey(fromBytes), cryptoKey);

// @ts-expect-error identity-hmac is synchronous, as no CryptoKey is
new native.IdentityKey(cryptoKey);

const options = { key: native.IdentityKey.fromEnv(), authenticate: () => new User('user_123') };
const GET: (request: Request) => Promise<Response> = chatIdentityRoute(options);
new Hono().all('/api/chat-identity', (c) => chatIdentityRoute(options)(c.req.raw, c));
fastify().register(onFastify, { path: '/api/chat-identity', ...options });
console.log(GET);
