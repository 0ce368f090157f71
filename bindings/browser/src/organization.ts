// Whose visitor it is, and how it is treated: the options of `init()`, once they are known to be
// usable.

import type { InitOptions } from './api.js';
import { invalid } from './error.js';
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
    organizationKey,
    serverUrl,
    onUserChange = 'update',
    timeout = TIMEOUT_MS,
    identityProvider,
  } = options ?? {};
  const url = readServerUrl(serverUrl);
  const expected: [field: string, isRight: boolean, what: string][] = [
    ['organizationKey', isToken(organizationKey), "the organization's public key, pk_..."],
    ['serverUrl', url !== '', 'an http or https URL, such as https://chat.example.com'],
    ['onUserChange', /^(update|reset|error)$/.test(onUserChange), 'update, reset or error'],
    ['identityProvider', /^(undefined|function)$/.test(typeof identityProvider), 'a function'],
    ['timeout', timeout > 0 && timeout <= LONGEST_TIMEOUT_MS, 'milliseconds, such as 10000'],
  ];
  for (const [field, isRight, what] of expected) {
    if (!isRight) {
      throw invalid(field, `init() needs ${field}: ${what}`);
    }
  }
  return {
    key: organizationKey,
    serverUrl: url,
    // No URL has a space in it, so no two pairs share a key.
    storageKey: `identity-hmac ${url} ${organizationKey}`,
    onUserChange,
    identityProvider,
    timeout,
  };
}

/** Without a slash at its end; empty if it is not a URL that would do. */
function readServerUrl(serverUrl: string): string {
  try {
    const { href, origin, pathname, protocol } = new URL(serverUrl);
    // With a user, a query or a fragment it could not be what paths are appended to.
    return /^https?:$/.test(protocol) && href === origin + pathname ? href.replace(/\/+$/, '') : '';
  } catch {
    return '';
  }
}
