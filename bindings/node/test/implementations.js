// Both entries of the installed package, which must behave the same: every test awaits.

import * as native from 'identity-hmac';
import * as webcrypto from 'identity-hmac/webcrypto';

export const implementations = Object.entries({
  'identity-hmac': native,
  'identity-hmac/webcrypto': webcrypto,
});

/** Values that are neither text nor bytes, some of which fight back when they are touched. */
export const junk = [
  undefined,
  null,
  true,
  0,
  64,
  Number.NaN,
  10n,
  Symbol('visitor_1'),
  () => 'visitor_1',
  {},
  [],
  ['visitor_1'],
  Object('visitor_1'),
  { toString: () => 'visitor_1', valueOf: () => 'visitor_1' },
  {
    get length() {
      throw new Error('read');
    },
    [Symbol.toPrimitive]() {
      throw new Error('converted');
    },
  },
  { length: 64, [Symbol.toStringTag]: 'Uint8Array' },
  Object.create(Uint8Array.prototype),
  new Proxy(new Uint8Array(64), {}),
  new Proxy(
    {},
    new Proxy(
      {},
      {
        get() {
          throw new Error('trapped');
        },
      },
    ),
  ),
  Proxy.revocable({}, {}).proxy,
  new ArrayBuffer(64),
  new SharedArrayBuffer(64),
  new DataView(new ArrayBuffer(64)),
  new Uint8ClampedArray(64).fill(0x61),
  new Uint16Array(64).fill(0x61),
  new Float64Array(8),
  new Map(),
  new Date(),
  /visitor_1/,
  new Error('visitor_1'),
  Promise.resolve('visitor_1'),
  globalThis,
];
