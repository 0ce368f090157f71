// One request to the service: its deadline, its retries, and what its failures are called.

import { IdentityError } from './error.js';

const ATTEMPTS = 3;
const TIMEOUT_MS = 10_000;
const BACKOFF_MS = 300;
/** Who is asked to wait for longer is told, instead of kept waiting. */
const LONGEST_RETRY_AFTER_S = 5;
/** Asking again may help, and does no harm: whatever we ask for may be done twice. */
const TRANSIENT = ['network_error', 'rate_limited', 'request_timeout', 'unavailable'];

/**
 * The JSON that the service answers with.
 *
 * @param signal ends the request and its retries; its reason is what is thrown then
 * @throws {IdentityError} for every other failure
 */
export async function request(
  url: string,
  init: RequestInit,
  signal: AbortSignal,
): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await send(url, init, signal);
    } catch (error) {
      signal.throwIfAborted();
      const { code, retryAfter = 0 } = error as IdentityError;
      if (attempt === ATTEMPTS || !TRANSIENT.includes(code) || retryAfter > LONGEST_RETRY_AFTER_S) {
        throw error;
      }
      const jitter = Math.random() * BACKOFF_MS * 2 ** attempt;
      await new Promise((resolve) => {
        setTimeout(resolve, retryAfter * 1000 + jitter);
        signal.addEventListener('abort', resolve);
      });
    }
  }
}

async function send(url: string, init: RequestInit, signal: AbortSignal): Promise<unknown> {
  // AbortSignal.any would do, but is newer than the browsers that we support.
  const ending = new AbortController();
  const end = () => ending.abort();
  const timer = setTimeout(end, TIMEOUT_MS);
  signal.addEventListener('abort', end);

  let response: Response | undefined;
  let body: Record<string, unknown> | null;
  try {
    response = await fetch(url, {
      ...init,
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      signal: ending.signal,
    });
    body = await response.json();
  } catch {
    // The cause stays out: a parser's message quotes what it could not read.
    const fault = response
      ? `answered ${response.status}, but not in JSON`
      : "cannot be reached, is too slow, or does not allow this page's origin";
    throw networkError(url, fault);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }

  if (response.ok && body) {
    return body;
  }
  // What is not the service's problem document (RFC 9457) comes from something on the way to it.
  if (typeof body?.code !== 'string') {
    throw networkError(url, `answered ${response.status}, but not as the service does`);
  }
  throw new IdentityError(body.code, String(body.detail ?? body.code), {
    field: body.field as string | undefined,
    retryAfter: Number(response.headers.get('Retry-After')) || undefined,
    requestId: response.headers.get('X-Request-Id') ?? undefined,
  });
}

export function networkError(url: string, fault: string): IdentityError {
  return new IdentityError('network_error', `Network error: ${new URL(url).origin} ${fault}`);
}

/** @throws {IdentityError} `invalid_request` with the `field` that does not fit into JSON */
export function toJson(params: object): string {
  try {
    return JSON.stringify(params);
  } catch {
    const field = Object.entries(params).find(([, value]) => !fitsJson(value))?.[0] ?? 'params';
    throw new IdentityError(
      'invalid_request',
      `${field} does not fit into JSON: it holds a BigInt or itself`,
      { field },
    );
  }
}

function fitsJson(value: unknown): boolean {
  try {
    JSON.stringify(value);
    return true;
  } catch {
    return false;
  }
}
