// A process that has keys and drops them: see src/main.rs, which goes through the same steps. Run in a
// project that has the package, with --expose-gc.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout } from 'node:timers/promises';

const load = createRequire(`${process.cwd()}/`);
const { IdentityKey, IdentityTokenKey, IdentityTokenKeyring, Keyring, generateIdentityHmac } =
  load('identity-hmac');

function hold() {
  const key = new IdentityKey(readFileSync(process.argv[2]));
  const ring = new Keyring('another', key);
  ring.matched('visitor_1', key.sign('visitor_1'));
  generateIdentityHmac('visitor_1', readFileSync(process.argv[2]));
  const signer = new IdentityTokenKey(readFileSync(`${process.argv[2]}.token-key`, 'utf8'));
  const tokenRing = new IdentityTokenKeyring(signer);
  const token = signer.sign({ visitorId: 'visitor_1', externalId: 'user_123' });
  tokenRing.verify(token, 'visitor_1');
  return [key, ring, signer, tokenRing];
}

async function step(name) {
  console.log(name);
  await new Promise((resolve) => process.stdin.once('data', resolve));
}

const held = hold();
await step('held');
held.length = 0;
// What a collection ends is freed when the event loop is idle.
for (let round = 0; round < 3; round++) {
  globalThis.gc();
  await setTimeout(20);
}
await step('dropped');
process.exit();
