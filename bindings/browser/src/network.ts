// Why a request got no answer, as far as a browser lets a page know.

import { IdentityError } from './error.js';

/**
 * What `send` gives, which asks for `url`. The browser only says that it failed: this says why.
 *
 * @param signal is aborted when the request has come to an end
 * @throws {IdentityError} `csp_blocked`, `offline` or `network_error`
 */
export async function explained<T>(
  url: string,
  signal: AbortSignal,
  send: () => Promise<T>,
): Promise<T> {
  let isBlocked = false;
  const look = ({ blockedURI, disposition }: SecurityPolicyViolationEvent) => {
    // Some browsers name the origin alone.
    isBlocked ||= disposition === 'enforce' && url.startsWith(blockedURI);
  };
  document.addEventListener('securitypolicyviolation', look, { signal });
  try {
    return await send();
  } catch {
    // Browsers tell of the policy after the request has failed.
    await new Promise((resolve) => setTimeout(resolve));
    // The cause stays out: it adds nothing, and may quote what must stay private.
    throw explain(url, isBlocked);
  }
}

function explain(url: string, isBlocked: boolean): IdentityError {
  if (isBlocked) {
    return networkError(
      url,
      "is blocked by this page's Content-Security-Policy: add it to connect-src",
      'csp_blocked',
    );
  }
  return navigator.onLine === false
    ? networkError(url, 'cannot be reached: the browser is offline', 'offline')
    : networkError(url, 'cannot be reached: check serverUrl, and that it is https if the page is');
}

export function networkError(
  url: string,
  fault: string,
  code: IdentityError['code'] = 'network_error',
): IdentityError {
  return new IdentityError(code, `Network error: ${new URL(url).origin} ${fault}`);
}
