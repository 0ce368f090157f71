// What a page says about its visitor in one call: checked, and as it will be sent.

import type { IdentifyParams, IdentityRequest, InitOptions } from './api.js';
import { IdentityError, invalid } from './error.js';
import { during } from './signals.js';

export interface Claim {
  /** Whether it came with an hmac or a token, which is for one visitor and no other. */
  readonly isSigned: boolean;
  /** Whether it fetches its proof, and so can be made for another visitor as well. */
  readonly isAsking: boolean;
  /** Whether it asks `identityProvider`. */
  readonly hasProvider: boolean;
  /** Whether it only keeps the visitor verified, and says nothing else. */
  readonly isKeeping: boolean;
  /** Why it asks, if that is known. A claim for a `new_visitor` is not repeated for yet another one. */
  reason: IdentityRequest['reason'] | undefined;
  /**
   * A fingerprint of the user, to know the same one again; `undefined` if the claim names none.
   * It is kept in the place of the id, so that storage holds nothing that a person can read.
   */
  readonly user: string | undefined;
  /**
   * The body to send for this visitor, for which it asks `getHmac` or `identityProvider`. Empty if
   * there is nothing to say.
   *
   * @throws {IdentityError} `hmac_unavailable`, `token_unavailable`, or the reason of `signal`
   */
  bodyFor(visitorId: string, timeout: number, signal: AbortSignal): Promise<string>;
}

/**
 * @param provider is asked unless the params have a proof
 * @throws {IdentityError} `invalid_request` with the `field`
 */
export function readClaim(
  params: IdentifyParams,
  provider: InitOptions['identityProvider'],
  reason?: Claim['reason'],
): Claim {
  // As it is at the time of the call, without what is going to be fetched.
  const json = toJson(params);
  const said = JSON.parse(json);
  const { getHmac } = params;
  const isSigned = 'hmac' in said || 'token' in said;
  if (getHmac !== undefined && typeof getHmac !== 'function') {
    throw invalid('getHmac', 'getHmac must be a function');
  }
  if (getHmac && isSigned) {
    throw invalid('getHmac', 'give one of hmac, getHmac and token');
  }
  const hasProvider = !!provider && !getHmac && !isSigned;
  const [proof, source] = hasProvider ? ['token', 'identityProvider'] : ['hmac', 'getHmac'];
  const unavailable = (fault: string, details?: { cause: unknown }) =>
    new IdentityError(`${proof}_unavailable`, `No ${proof}: ${source} ${fault}`, details);
  return {
    isSigned,
    isAsking: hasProvider || !!getHmac,
    hasProvider,
    isKeeping: !!reason,
    reason,
    user: typeof said.externalId === 'string' ? fnv1a(said.externalId) : undefined,
    async bodyFor(visitorId, timeout, signal) {
      if (!this.isAsking) {
        return json;
      }
      // An async function, so that it rejects with what it asks throws.
      const ask = async (signal: AbortSignal): Promise<unknown> =>
        hasProvider
          ? provider({ visitorId, reason: this.reason ?? 'refresh', signal })
          : getHmac?.(visitorId);
      const late = () => new Error(`${source} took longer than ${timeout} ms`);
      const answer = await during([signal], ask, timeout, late).catch((cause) => {
        throw unavailable('failed; see the cause', { cause });
      });
      if (hasProvider && answer === null) {
        return reason ? '' : json;
      }
      if (typeof answer !== 'string' || answer === '') {
        throw unavailable("gave no text; check your backend's answer");
      }
      return JSON.stringify({ ...said, [proof as string]: answer });
    },
  };
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
