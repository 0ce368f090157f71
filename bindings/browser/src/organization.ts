// Whose visitor it is: the options of `init()`, once they are known to be usable.

import type { InitOptions } from './api.js';
import { IdentityError } from './error.js';
import { isToken } from './visitor.js';

export interface Organization {
  readonly key: string;
  /** Without a slash at its end. */
  readonly serverUrl: string;
  /** Under which the visitor is stored: another one for every service and organization. */
  readonly storageKey: string;
}

/** @throws {IdentityError} `invalid_request` with the option as its `field` */
export function readOptions(options: InitOptions): Organization {
  const { organizationKey, serverUrl } = options ?? {};
  if (!isToken(organizationKey)) {
    throw invalid('organizationKey', "the organization's public key, pk_…");
  }
  const url = readServerUrl(serverUrl);
  if (url === null) {
    throw invalid('serverUrl', 'an http or https URL, such as https://chat.example.com');
  }
  // No URL has a space in it, so no two pairs share a key.
  return {
    key: organizationKey,
    serverUrl: url,
    storageKey: `identity-hmac ${url} ${organizationKey}`,
  };
}

function readServerUrl(serverUrl: string): string | null {
  try {
    const { href, origin, pathname, protocol } = new URL(serverUrl);
    // With a user, a query or a fragment it could not be what paths are appended to.
    return /^https?:$/.test(protocol) && href === origin + pathname
      ? href.replace(/\/+$/, '')
      : null;
  } catch {
    return null;
  }
}

function invalid(field: string, expected: string): IdentityError {
  return new IdentityError('invalid_request', `init() needs ${field}: ${expected}`, { field });
}
