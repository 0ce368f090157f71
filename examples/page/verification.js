// The demo's switch: what the vendor has set for the shop's organization. No real shop has this.

import { failure, readConfig } from './shop.js';

/** `off`, `observe` or `required`; undefined where there is no switch, or none that answers. */
export async function readVerification(signal) {
  try {
    return await ask(signal);
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

export async function changeVerification(verification, signal) {
  const headers = { 'Content-Type': 'application/json' };
  return ask(signal, { method: 'PUT', headers, body: JSON.stringify({ verification }) });
}

async function ask(signal, options) {
  const { demoSwitchUrl } = await readConfig(signal);
  if (demoSwitchUrl === undefined) return undefined;
  try {
    const response = await fetch(demoSwitchUrl, { ...options, signal });
    return (await response.json()).verification;
  } catch {
    signal.throwIfAborted();
    throw failure('network_error', 'Network error: the demo’s switch cannot be reached');
  }
}
