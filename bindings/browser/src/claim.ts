// What a page says about its visitor in one call: checked, and as it will be sent.

import type { IdentifyParams } from './api.js';
import { IdentityError, invalid } from './error.js';
import { during } from './signals.js';

export interface Claim {
  /** Whether it came with an hmac, which is for one visitor and no other. */
  readonly isSigned: boolean;
  readonly getHmac: IdentifyParams['getHmac'];
  /**
   * A fingerprint of the user, to know the same one again; `undefined` if the claim names none.
   * It is kept in the place of the id, so that storage holds nothing that a person can read.
   */
  readonly user: string | undefined;
  /**
   * The body to send for this visitor, for which it asks `getHmac`.
   *
   * @throws {IdentityError} `hmac_unavailable`, or the reason of `signal`
   */
  bodyFor(visitorId: string, timeout: number, signal: AbortSignal): Promise<string>;
}

/** @throws {IdentityError} `invalid_request` with the `field` */
export function readClaim(params: IdentifyParams): Claim {
  // As it is at the time of the call, without what `getHmac` is going to give.
  const json = toJson(params);
  const { externalId, hmac } = JSON.parse(json);
  const { getHmac } = params;
  const isSigned = hmac !== undefined;
  if (getHmac !== undefined && typeof getHmac !== 'function') {
    throw invalid('getHmac', 'getHmac must be a function');
  }
  if (getHmac && isSigned) {
    throw invalid('getHmac', 'give hmac or getHmac, not both');
  }
  return {
    isSigned,
    getHmac,
    user: typeof externalId === 'string' ? fnv1a(externalId) : undefined,
    async bodyFor(visitorId, timeout, signal) {
      if (!getHmac) {
        return json;
      }
      // An async function, so that it rejects with what getHmac throws.
      const ask = async (): Promise<unknown> => getHmac(visitorId);
      const late = () => new Error(`getHmac took longer than ${timeout} ms`);
      const hmac = await during([signal], ask, timeout, late).catch((cause) => {
        throw unavailable('No hmac: getHmac failed; see the cause', { cause });
      });
      if (typeof hmac !== 'string' || hmac === '') {
        throw unavailable("No hmac: getHmac gave no text; check your backend's answer");
      }
      return JSON.stringify({ ...JSON.parse(json), hmac });
    },
  };
}

function unavailable(fault: string, details?: { cause: unknown }): IdentityError {
  return new IdentityError('hmac_unavailable', fault, details);
}

function toJson(params: IdentifyParams): string {
  if ({}.toString.call(params) !== '[object Object]') {
    throw invalid('params', "identify() needs an object, such as { name: 'Jane' }");
  }
  for (const [field, value] of Object.entries(params)) {
    try {
      JSON.stringify(value);
    } catch {
      throw invalid(field, `${field} does not fit into JSON: it holds a BigInt or itself`);
    }
  }
  return JSON.stringify(params);
}

/** FNV-1a with 64 bits, in hex. It need not be strong: storage holds the token too. */
function fnv1a(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(16);
}
