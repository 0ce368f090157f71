// What a page says about its visitor in one call: checked, and as it will be sent.

import type { IdentifyParams, IdentityRequest, InitOptions } from './api.js';
import { IdentityError, isFunction, requireThat } from './error.js';
import type { Body } from './request.js';
import { during } from './signals.js';

export interface Claim {
  /** Whether it came with an hmac or a token, which is for one visitor and no other. */
  readonly isSigned: boolean;
  /**
   * The proof that it fetches, so that it can be made for another visitor as well: an `hmac` by
   * `getHmac`, a `token` by `identityProvider`.
   */
  readonly fetches: 'hmac' | 'token' | undefined;
  /** Whether it only keeps the visitor verified, and says nothing else. */
  readonly isKeeping: boolean;
  /** Why it asks, if that is known. A claim for a `new_visitor` is not repeated for yet another one. */
  reason: IdentityRequest['reason'] | undefined;
  /**
   * A fingerprint of the user, to know the same one again; `undefined` if the claim names none.
   * It is kept in the place of the id, so that storage holds nothing that a person can read.
   */
  readonly user: number | undefined;
  /**
   * What to send for this visitor, for which it asks `getHmac` or `identityProvider`. `null` if there
   * is nothing to say.
   *
   * @throws {IdentityError} `hmac_unavailable`, `token_unavailable`, or the reason of `signal`
   */
  bodyFor(visitorId: string, timeout: number, signal: AbortSignal): Promise<Body | null>;
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
  const said = copy(params);
  const { getHmac } = params;
  const isSigned = 'hmac' in said || 'token' in said;
  const isAlone = getHmac === undefined || (isFunction(getHmac) && !isSigned);
  requireThat(isAlone, 'getHmac', 'a function, without hmac and token');
  const fetches = getHmac ? 'hmac' : provider && !isSigned ? 'token' : undefined;
  const source = getHmac ? 'getHmac' : 'identityProvider';
  return {
    isSigned,
    fetches,
    isKeeping: !!reason,
    reason,
    user: fingerprint(said.externalId),
    async bodyFor(visitorId, timeout, signal) {
      const ask = async (signal: AbortSignal) => {
        const answer: unknown = getHmac
          ? await getHmac(visitorId)
          : await provider?.({ visitorId, reason: this.reason ?? 'refresh', signal });
        if ((answer && typeof answer === 'string') || (!getHmac && answer === null)) {
          return answer;
        }
        throw new Error(`${source} gave no text; check your backend's answer`);
      };
      if (!fetches) {
        return said;
      }
      const late = (fault: string) => new Error(`${source} ${fault}`);
      const answer = await during([signal], ask, timeout, late).catch((cause) => {
        throw new IdentityError(`${fetches}_unavailable`, `${source} failed; see the cause`, {
          cause,
        });
      });
      return answer ? { ...said, [fetches]: answer } : reason ? null : said;
    },
  };
}

function copy(params: IdentifyParams): Body {
  const isObject = {}.toString.call(params) === '[object Object]';
  requireThat(isObject, 'params', "an object, such as { name: 'Jane' }");
  let field = '';
  try {
    const json = JSON.stringify(params, function (name, value) {
      field = this === params ? name : field;
      return value;
    });
    return JSON.parse(json);
  } catch {
    requireThat(false, field, 'JSON, without BigInt or itself');
    return {};
  }
}

/** 40 bits. It need not be strong: storage holds the token too. */
function fingerprint(id: unknown): number | undefined {
  return typeof id === 'string'
    ? [...id].reduce(
        (hash, character) => (hash * 7919 + (character.codePointAt(0) as number)) % 1e12,
        1,
      )
    : undefined;
}
