// Reads the settings and serves the shop until SIGINT or SIGTERM.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { IdentityKey, IdentityTokenKey } from 'identity-hmac';
import { shop } from './shop.mjs';

function fail(message) {
  console.error(message);
  process.exit(1);
}

function readSettings() {
  const keys = {
    hmac: IdentityKey.fromEnv('IDENTITY_SECRET'),
    token: IdentityTokenKey.fromEnv('IDENTITY_TOKEN_KEY'),
  };
  const {
    ORGANIZATION_KEY: organizationKey,
    IDENTITY_SERVER_URL: identityServerUrl,
    BROWSER_CLIENT: browserClient = fileURLToPath(
      new URL('../../bindings/browser/build/global.js', import.meta.url),
    ),
    DEMO_SWITCH_URL: demoSwitchUrl,
    PORT: port = '3000',
  } = process.env;

  if (!organizationKey) throw new Error('ORGANIZATION_KEY is not set; set it to a key like pk_…');
  if (!isUrl(identityServerUrl)) {
    throw new Error('IDENTITY_SERVER_URL is not a URL; set it to one like http://127.0.0.1:8080');
  }
  if (demoSwitchUrl !== undefined && !isUrl(demoSwitchUrl)) {
    throw new Error('DEMO_SWITCH_URL is not a URL; unset it, or run the demo with `make demo`');
  }
  if (!existsSync(browserClient)) {
    throw new Error('BROWSER_CLIENT is not a file; build it with `make -C bindings/browser build`');
  }
  if (!/^\d+$/.test(port) || port > 65535) {
    throw new Error('PORT is not a port; set it to a number from 0 to 65535');
  }
  return {
    keys,
    config: { organizationKey, identityServerUrl, demoSwitchUrl },
    browserClient,
    session: {
      idleSeconds: readCount('SESSION_IDLE_SECONDS', 30 * 60),
      lifetimeSeconds: readCount('SESSION_LIFETIME_SECONDS', 12 * 60 * 60),
      limit: readCount('SESSION_LIMIT', 10_000),
    },
    port: Number(port),
  };
}

function isUrl(value) {
  return /^https?:\/\//.test(value) && URL.canParse(value);
}

function readCount(variable, otherwise) {
  const value = process.env[variable] ?? `${otherwise}`;
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
  throw new Error(`${variable} is not a whole number above 0; set it to one like ${otherwise}`);
}

let settings;
try {
  settings = readSettings();
} catch (error) {
  fail(error.message); // It names the variable and the remedy, never the secret.
}

const server = shop(settings).listen(settings.port, '127.0.0.1', (error) => {
  if (error) fail(`cannot listen on port ${settings.port}: ${error.code}; set PORT to another one`);
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close();
    setTimeout(() => server.closeAllConnections(), 1000).unref(); // What is still open by then.
  });
}
