// What an impostor would try: to be somebody else without the shop's hmac.

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

/** Well formed, but made without the secret. */
const FORGED = 'f0'.repeat(32);

/** Whom this customer, or somebody who is not logged in, would pretend to be. */
export function unsignedClaim(customer) {
  return describe(customer?.id === JANE.id ? ZOE : JANE);
}

export function forgedClaim(customer) {
  return { ...unsignedClaim(customer), hmac: FORGED };
}

/** Makes the claim for this very visitor: no impostor has the chat begin with a new one. */
export async function claim(params, signal) {
  await openChat(signal, 'update');
  return getSdkApi().identify(params, { signal });
}
