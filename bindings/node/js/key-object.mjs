import { keyObjectType } from './kind.mjs';

/** A copy of the bytes of a secret KeyObject of `node:crypto`; undefined for any other value. */
export function exportSecret(value) {
  return keyObjectType(value) === 'secret' ? new Uint8Array(value.export()) : undefined;
}
