// The chat's visitor, and how the chat learns who it is. This is what a shop of your own would take.

import { askShop, failure, readConfig } from './shop.js';

/**
 * Resumes the visitor, or makes one. Once the chat is open it asks for nothing.
 *
 * `reset`: a customer who comes after another one is a new visitor, with or without a log-out.
 */
export async function openChat(signal, onUserChange = 'reset') {
  const { organizationKey, identityServerUrl: serverUrl } = await readConfig(signal);
  return getSdkApi().init({ organizationKey, serverUrl, onUserChange, signal });
}

/**
 * Tells the chat who is logged in, by the shop's token, which says all of it. `prepared` gets what is
 * sent. `others` is what an impostor says beside it.
 */
export async function identifyByToken(customer, signal, prepared, others = {}) {
  const { visitorId } = await openChat(signal);
  const { token } = await askShop(`/api/chat-token?visitorId=${visitorId}`, signal);
  const params = { ...others, token };
  prepared(params);
  const identity = await getSdkApi().identify(params, { signal });
  // The token names who is logged in. Another tab may have logged in somebody else.
  const { verification, externalId } = identity;
  if (verification && externalId !== customer.id) throw customerChanged();
  return identity;
}

/** The same by the shop's hmac, which says nothing but that the shop has seen this visitor id. */
export async function identifyBySignedId(customer, signal, prepared, claim = describe(customer)) {
  await openChat(signal);
  const getHmac = async (visitorId) => {
    const path = `/api/chat-identity?visitorId=${visitorId}`;
    const { hmac } = await askShop(path, signal);
    // It is good for any customer's data: another tab may have logged in somebody else.
    const { id } = await askShop('/api/me', signal);
    if (id !== customer.id) throw customerChanged();
    prepared({ ...claim, hmac });
    return hmac;
  };
  return getSdkApi().identify({ ...claim, getHmac }, { signal });
}

function customerChanged() {
  return failure('customer_changed', 'Another customer is logged in');
}

/** What the page says about a customer. */
export function describe({ id, name, email, plan, signupDate }) {
  return { name, email, externalId: id, metadata: { plan, signupDate } };
}

/** After a log-out, or a session that has ended: nobody resumes this visitor. */
export async function forgetVisitor(signal) {
  try {
    await getSdkApi().reset({ signal });
  } catch (error) {
    if (error.code !== 'not_initialized') throw error;
    await openChat(signal);
    await getSdkApi().reset({ signal });
  }
}
