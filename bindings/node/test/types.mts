// What a strict compiler must accept, and what it must not. Read by types.test.js.

import * as native from 'identity-hmac';
import {
  type Bytes,
  IdentityHmacError,
  type IdentityHmacErrorCode,
  IdentityKey,
} from 'identity-hmac';
import * as onExpress from 'identity-hmac/express';
import * as onFastify from 'identity-hmac/fastify';
import * as onWeb from 'identity-hmac/route';
import * as webcrypto from 'identity-hmac/webcrypto';

const text: Bytes = 's3cret';
const bytes: Bytes = new Uint8Array(new SharedArrayBuffer(8));
const fromAClient: unknown = JSON.parse('{}');

const hmac: string = native.generateIdentityHmac(text, bytes);
const isRight: boolean = native.verifyIdentityHmac(fromAClient, fromAClient, bytes);
const secret: string = native.generateSecret();

const key: IdentityKey = IdentityKey.fromEnv();
const signed: string = IdentityKey.fromEnv('CHAT_SECRET').sign(bytes);
const verified: boolean = key.verify(fromAClient, undefined);
const keyring = new native.Keyring(key, process()?.previous);
native.Keyring.fromEnv('SECRET', 'PREVIOUS_SECRET').sign(bytes);
IdentityKey.fromSetting('chat.secret', process()?.previous).sign(bytes);
const matched: 'current' | 'previous' | null = keyring.matched(fromAClient, hmac);

try {
  new native.Keyring(secret, null).sign(signed);
} catch (error) {
  if (error instanceof IdentityHmacError) {
    const code: IdentityHmacErrorCode = error.code;
    console.log(code, error.message);
  }
}

async function onWebCrypto(): Promise<void> {
  const hmac: string = await webcrypto.generateIdentityHmac(text, bytes);
  const isRight: boolean = await webcrypto.verifyIdentityHmac(fromAClient, fromAClient, bytes);
  const secret: string = await webcrypto.generateSecret();
  const key: webcrypto.IdentityKey = webcrypto.IdentityKey.fromEnv();
  const keyring = new webcrypto.Keyring(key, secret);
  const matched: 'current' | 'previous' | null = await keyring.matched(fromAClient, hmac);
  console.log(isRight, matched, await keyring.sign(bytes), await key.verify(hmac, hmac));

  // @ts-expect-error an unread promise is not an answer
  const unread: boolean = webcrypto.verifyIdentityHmac(fromAClient, hmac, text);
  console.log(unread);
}

const tokenKey: native.IdentityTokenKey = native.IdentityTokenKey.fromEnv();
const user: { visitorId: string; externalId: string; email?: string | null } = {
  visitorId: 'visitor_1',
  externalId: 'user_123',
};
const token: string = tokenKey.sign(user, { expiresIn: 60, now: new Date() });
tokenKey.sign({ ...user, name: null, metadata: { plan: 'pro', tags: ['a'] } });
const claims: native.VerifiedClaims = tokenKey.verify(fromAClient, 'visitor_1', { now: 5 });
const plan: unknown = claims.metadata?.plan;
const tokenKeyring = new native.IdentityTokenKeyring(native.generateTokenKey(), tokenKey, {
  maxLifetime: 600,
  tokensValidAfter: new Date(),
});
native.IdentityTokenKey.fromSetting('chat.token_key', process()?.previous);
try {
  tokenKeyring.verify(token, 'visitor_1', { audience: 'pk_1' });
} catch (error) {
  if (error instanceof native.IdentityTokenError) {
    const code: native.IdentityTokenErrorCode = error.code;
    const field: native.IdentityTokenField | undefined = error.field;
    const reason: native.IdentityTokenReason | undefined = error.reason;
    const asAnother: IdentityHmacError = error;
    console.log(code, field, reason, error.remedy, plan, asAnother);
  }
}

async function tokensOnWebCrypto(): Promise<void> {
  const key = new webcrypto.IdentityTokenKey(await webcrypto.generateTokenKey());
  const token: string = await key.sign(user);
  const claims: webcrypto.VerifiedClaims = await key.verify(token, 'visitor_1');
  const keyring = new webcrypto.IdentityTokenKeyring(key, null, { maxLifetime: 60 });
  console.log(claims, await keyring.verify(token, 'visitor_1'), key.keyId);

  // @ts-expect-error an unread promise holds no claims
  key.verify(token, 'visitor_1').externalId;
}

// @ts-expect-error an id that is a number loses digits
tokenKey.sign({ visitorId: 'visitor_1', externalId: 5 });
// @ts-expect-error a claim with another name would be ignored
tokenKey.sign({ visitorId: 'visitor_1', externalId: 'user_123', emial: 'jane@example.com' });
// @ts-expect-error the lifetime is an option, not a claim
tokenKey.sign({ visitorId: 'visitor_1', externalId: 'user_123', expiresIn: 60 });
// @ts-expect-error a lifetime is a number of seconds
tokenKey.sign(user, { expiresIn: '5m' });
// @ts-expect-error whose token it is has to be known
tokenKey.verify(token);
// @ts-expect-error claims do not change
claims.externalId = 'admin';
// @ts-expect-error a keyring does not sign
tokenKeyring.sign(user);
// @ts-expect-error a token key is not the identity verification secret
new native.Keyring(tokenKey);
// @ts-expect-error the key of one entry is not that of the other
new webcrypto.IdentityTokenKeyring(tokenKey);

const jane: onWeb.User = new onExpress.User('user_123', { name: null, metadata: { plan: 'pro' } });
const route = onWeb.chatIdentityRoute({
  key: tokenKey,
  authenticate: async (request, session: { userId?: string }) =>
    request.url !== '' && session.userId ? new onWeb.User(session.userId) : null,
  visitorId: /visitor_[0-9]+/,
});
async function routes(request: onWeb.WebRequest): Promise<void> {
  const response: onWeb.WebResponse = await route(request, { userId: 'user_123' });
  console.log(response.status, await route.ready());
  const handler = onExpress.chatIdentityRoute<{ user: onExpress.User | null }>({
    key: () => key,
    authenticate: (req) => req.user,
    visitorId: (id) => id.startsWith('visitor_'),
  });
  await handler(request, {}, (error) => console.log(error));
  await onFastify.chatIdentityRoute({}, { path: '/', key, authenticate: () => undefined });
  webcrypto.chatIdentityRoute({
    key: async () => webcrypto.IdentityTokenKey.fromEnv(),
    authenticate: (_request, { userId }) => new webcrypto.User(userId),
  });
}

// @ts-expect-error a user's own object is not signed for
onWeb.chatIdentityRoute({ key, authenticate: () => ({ id: 'user_123' }) });
// @ts-expect-error there is no route without a function that says who is logged in
onWeb.chatIdentityRoute({ key });
// @ts-expect-error a secret is not a key
onExpress.chatIdentityRoute({ key: secret, authenticate: () => jane });
// @ts-expect-error the key of one entry is not that of the other
webcrypto.chatIdentityRoute({ key, authenticate: () => null });
// @ts-expect-error a rule that is not awaited would allow every id
onWeb.chatIdentityRoute({ key, authenticate: () => jane, visitorId: async () => false });
// @ts-expect-error a plug-in needs a path
onFastify.chatIdentityRoute({}, { key, authenticate: () => jane });
// @ts-expect-error an id that is a number loses digits
new onWeb.User(5);

const keyObject: native.SecretKeyObject = {
  type: 'secret',
  export: () => new Uint8Array(6),
};
new IdentityKey(keyObject);
new native.Keyring(keyObject, keyObject);
new webcrypto.Keyring(keyObject);
new IdentityHmacError('boom');
new IdentityHmacError('boom', { code: 'secret_unset', cause: hmac });

// @ts-expect-error a variable may be unset
new IdentityKey(process()?.previous);
// @ts-expect-error a number is no secret
new IdentityKey(5);
// @ts-expect-error an id from a client has to be looked at before it is signed
key.sign(fromAClient);
// @ts-expect-error wider arrays would be signed in the machine's byte order
key.sign(new Uint16Array(4));
// @ts-expect-error verifying needs a candidate
key.verify('visitor_1');
// @ts-expect-error there is no rotation without a current secret
new native.Keyring();
// @ts-expect-error an error has no other codes
new IdentityHmacError('boom', { code: 'unheard_of' });

console.log(isRight, verified, matched, onWebCrypto, tokensOnWebCrypto, routes);

declare function process(): { previous?: string } | undefined;
declare const console: { log(...values: unknown[]): void };
