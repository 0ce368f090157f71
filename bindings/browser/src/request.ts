// One request to the service: its deadline, its retries, and what its failures are called.

import { IdentityError } from './error.js';
import { explained, networkError } from './network.js';
import { during, pause } from './signals.js';

const ATTEMPTS = 3;
const BACKOFF_MS = 300;
/** A longer wait is an error, so that the page can decide. */
const LONGEST_RETRY_AFTER_S = 5;
/** Asking again may help. It does no harm: every request may arrive twice. */
const TRANSIENT = /^(network_error|offline|timeout|rate_limited|request_timeout|unavailable)$/;
/**
 * Browsers refuse `keepalive` where the bodies of all such requests under way have more than
 * 64 KiB. The page may have some of its own.
 */
const LONGEST_KEEPALIVE_B = 60_000;

/** Whether the same call may go well later. Beside the above, when a backend has failed. */
export function isTransient({ code }: IdentityError): boolean {
  return TRANSIENT.test(code) || /^(internal|token_unavailable)$/.test(code);
}

/**
 * The JSON that the service answers with; `null` where it has none.
 *
 * @param body JSON for a POST; empty for a POST without one, and `undefined` for a GET
 * @param timeout the milliseconds that each attempt is given
 * @param signal ends the request and its retries; its reason is what is thrown then
 * @throws {IdentityError} for every other failure
 */
export async function request(
  url: string,
  headers: Record<string, string>,
  body: string | undefined,
  timeout: number,
  signal: AbortSignal,
): Promise<unknown> {
  const init: RequestInit = {
    method: body === undefined ? 'GET' : 'POST',
    headers: body ? { ...headers, 'Content-Type': 'application/json' } : headers,
    body: body || null,
    cache: 'no-store',
    credentials: 'omit',
    redirect: 'error',
  };
  // So that it outlives the page: a log-in often leads to another page.
  let keepalive = !!body && new TextEncoder().encode(body).length <= LONGEST_KEEPALIVE_B;
  for (let attempt = 1; ; attempt++) {
    try {
      return await send(url, { ...init, keepalive }, timeout, signal);
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
      const jitter = Math.random() * BACKOFF_MS * 2 ** attempt;
      await pause(retryAfter * 1000 + jitter, signal);
      // Too many bytes under way look like a network error.
      keepalive = false;
    }
  }
}

function send(
  url: string,
  init: RequestInit,
  timeout: number,
  signal: AbortSignal,
): Promise<unknown> {
  const attempt = async (signal: AbortSignal) => {
    const response = await explained(url, signal, () => fetch(url, { ...init, signal }));
    const { headers, ok, status } = response;
    if (status === 204) {
      return null;
    }
    // The parser's error stays out: it quotes what it could not read.
    const body = await response.json().catch(() => null);
    if (ok && body) {
      return body;
    }
    // An answer that is not a problem document (RFC 9457) comes from something in between.
    if (typeof body?.code !== 'string') {
      throw networkError(url, `answered ${status}, but not as the service does`);
    }
    throw new IdentityError(body.code, String(body.detail ?? body.code), {
      field: body.field,
      retryAfter: Number(headers.get('Retry-After')) || undefined,
      requestId: headers.get('X-Request-Id') ?? undefined,
    });
  };
  return during([signal], attempt, timeout, () =>
    networkError(url, `has not answered within ${timeout} ms`, 'timeout'),
  );
}
