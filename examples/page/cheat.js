// What an impostor would try: to be somebody else.

import { describe, openChat } from './chat.js';

const JANE = {
  id: 'user_123',
  name: 'Jane Doe',
  email: 'jane@example.com',
  plan: 'premium',
  signupDate: '2025-01-15',
};
const ZOE = {
  id: 'user_456',
  name: 'Zoë Brandt',
  email: 'zoe@example.com',
  plan: 'basic',
  signupDate: '2026-03-02',
};

/** Whom this customer, or somebody who is not logged in, would pretend to be. */
export function otherCustomer(customer) {
  return customer?.id === JANE.id ? ZOE : JANE;
}

/** What somebody else would say, with nothing that proves it. */
export function unsignedClaim(customer) {
  return describe(otherCustomer(customer));
}

/** The same with a proof that is well formed, but made without the shop's secret or token key. */
export function forgedClaim(customer, proof, visitorId) {
  if (proof === 'hmac') return { ...unsignedClaim(customer), hmac: 'f0'.repeat(32) };
  const { externalId: sub, ...attributes } = unsignedClaim(customer);
  const iat = Math.floor(Date.now() / 1000);
  const claims = { sub, visitorId, iat, exp: iat + 300, ...attributes };
  const parts = [{ alg: 'HS256', typ: 'JWT' }, claims].map((part) => encode(JSON.stringify(part)));
  return { token: [...parts, `${'8PDw'.repeat(10)}8PA`].join('.') };
}

/** In base64url, as a token has it. */
function encode(text) {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Makes the claim for this very visitor: no impostor has the chat begin with a new one. */
export async function claim(params, signal) {
  await openChat(signal, 'update');
  return getSdkApi().identify(params, { signal });
}
