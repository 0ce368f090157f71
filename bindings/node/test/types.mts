// What a strict compiler must accept, and what it must not. Read by types.test.js.

import * as native from 'identity-hmac';
import {
  type Bytes,
  IdentityHmacError,
  type IdentityHmacErrorCode,
  IdentityKey,
} from 'identity-hmac';
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

console.log(isRight, verified, matched, onWebCrypto);

declare function process(): { previous?: string } | undefined;
declare const console: { log(...values: unknown[]): void };
