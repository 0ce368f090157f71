// Whose visitor it is, and how it is treated: the options of `init()`, once they are known to be
// usable.

import type { InitOptions } from './api.js';
import { isFunction, requireThat } from './error.js';
import { isToken } from './visitor.js';

export interface Organization {
  readonly key: string;
  /** Without a slash at its end. */
  readonly serverUrl: string;
  /** Under which the visitor is stored: another one for every service and organization. */
  readonly storageKey: string;
  /** What happens when another user than the visitor's last one comes. */
  readonly onUserChange: string;
  readonly identityProvider: InitOptions['identityProvider'];
  /** The milliseconds that a request is given. */
  readonly timeout: number;
}

const TIMEOUT_MS = 10_000;
/** Timers of browsers go no further. */
const LONGEST_TIMEOUT_MS = 0x7fffffff;

/** @throws {IdentityError} `invalid_request` with the option as its `field` */
export function readOptions(options: InitOptions): Organization {
  const {
    organizationKey: key,
    serverUrl,
    onUserChange = 'update',
    timeout = TIMEOUT_MS,
    identityProvider,
  } = options ?? {};
  requireThat(isToken(key), 'organizationKey', 'your public key, pk_...');
  const url = readServerUrl(serverUrl);
  requireThat(!!url, 'serverUrl', 'a URL, such as https://chat.example.com');
  const isKnown = /^(update|reset|error)$/.test(onUserChange);
  requireThat(isKnown, 'onUserChange', 'update, reset or error');
  const isProvider = identityProvider === undefined || isFunction(identityProvider);
  requireThat(isProvider, 'identityProvider', 'a function');
  const isTime = timeout > 0 && timeout <= LONGEST_TIMEOUT_MS;
  requireThat(isTime, 'timeout', 'milliseconds');
  return {
    key,
    serverUrl: url,
    // No URL has a space in it, so no two pairs share a key.
    storageKey: `identity-hmac ${url} ${key}`,
    onUserChange,
    identityProvider,
    timeout,
  };
}

/** Without a slash at its end; empty if it is not a URL that would do. */
function readServerUrl(serverUrl: string): string {
  try {
    const { href, origin, pathname } = new URL(serverUrl);
    // With a user, a query or a fragment it could not be what paths are appended to.
    return /^http/.test(origin) && href === origin + pathname ? href.replace(/\/+$/, '') : '';
  } catch {
    return '';
  }
}
