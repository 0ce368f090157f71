// One request to the service: its deadline, its retries, and what its failures are called.

import { IdentityError } from './error.js';
import type { Organization } from './organization.js';
import { during, pause } from './signals.js';

const ATTEMPTS = 3;
const BACKOFF_MS = 300;
/** A longer wait is an error, so that the page can decide. */
const LONGEST_RETRY_AFTER_S = 5;
/**
 * Codes, by how they begin or end: the script is to be small. Asking again may help. It does no harm: every
 * request may arrive twice.
 */
const TRANSIENT = /^(network|offline|rate|unavailable)|timeout$/;
/**
 * Browsers refuse `keepalive` where the bodies of all such requests under way have more than
 * 64 KiB. The page may have some of its own.
 */
const LONGEST_KEEPALIVE_B = 60_000;

/** Whether the same call may go well later. Beside the above, when a backend has failed. */
export function isTransient({ code }: IdentityError): boolean {
  return TRANSIENT.test(code) || /^(internal|token)/.test(code);
}

/** What is sent, as JSON. */
export type Body = Record<string, unknown>;

/**
 * The JSON that the service answers with; `null` where it has none.
 *
 * @param path what follows on `/v1/`
 * @param body for a POST; `null` for a POST without one, and `undefined` for a GET
 * @param isRight whether the answer is what it should be; `null` is one without JSON
 * @param signal ends the request and its retries; its reason is what is thrown then
 * @throws {IdentityError} for every other failure
 */
export async function request<T>(
  { serverUrl, timeout }: Organization,
  path: string,
  headers: Record<string, string>,
  body: Body | null | undefined,
  isRight: (answer: T, status: number) => unknown,
  signal: AbortSignal,
): Promise<T> {
  const failure = (fault: string, code = 'network_error') =>
    new IdentityError(code, `Network error: ${serverUrl} ${fault}`);
  const url = `${serverUrl}/v1/${path}`;
  const json = body ? JSON.stringify(body) : null;
  // So that it outlives the page: a log-in often leads to another page.
  let keepalive = !!json && new Blob([json]).size <= LONGEST_KEEPALIVE_B;
  const send = async (signal: AbortSignal): Promise<T> => {
    let isBlocked = false;
    const look = ({ blockedURI, disposition }: SecurityPolicyViolationEvent) => {
      // Some browsers name the origin alone.
      isBlocked ||= disposition === 'enforce' && url.startsWith(blockedURI);
    };
    document.addEventListener('securitypolicyviolation', look, { signal });
    const response = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers: json ? { ...headers, 'Content-Type': 'application/json' } : headers,
      body: json,
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      keepalive,
      signal,
    }).catch(async () => {
      // Browsers tell of the policy after the request has failed.
      await new Promise((resolve) => setTimeout(resolve));
      // The cause stays out: it adds nothing, and may quote what must stay private.
      throw isBlocked
        ? failure("is missing in connect-src of this page's Content-Security-Policy", 'csp_blocked')
        : navigator.onLine === false
          ? failure('cannot be reached: the browser is offline', 'offline')
          : failure('cannot be reached: check serverUrl; an https page needs https');
    });
    const { ok, status } = response;
    // The parser's error stays out: it quotes what it could not read.
    const answer = await response.json().catch(() => null);
    if (ok && isRight(answer, status)) {
      return answer;
    }
    // An answer that is not a problem document (RFC 9457) comes from something in between.
    throw typeof answer?.code === 'string'
      ? new IdentityError(answer.code, answer.detail, {
          field: answer.field,
          retryAfter: Number(response.headers.get('Retry-After')) || undefined,
          requestId: response.headers.get('X-Request-Id') ?? undefined,
        })
      : failure(`answered ${status}, but is not the service`);
  };
  for (let attempt = 1; ; attempt++) {
    try {
      return await during([signal], send, timeout, (fault) => failure(fault, 'timeout'));
    } catch (error) {
      signal.throwIfAborted();
      const { code, retryAfter = 0 } = error as IdentityError;
      if (attempt === ATTEMPTS || !TRANSIENT.test(code) || retryAfter > LONGEST_RETRY_AFTER_S) {
        throw error;
      }
      if (code === 'offline') {
        await pause(timeout, signal);
        if (navigator.onLine === false) {
          throw error;
        }
      }
      await pause(retryAfter * 1000 + Math.random() * BACKOFF_MS * 2 ** attempt, signal);
      // Too many bytes under way look like a network error.
      keepalive = false;
    }
  }
}
