// The demo: the identity service on SQLite, a shop's backend that signs for its visitors, and a
// switch for the verification, which the vendor's dashboard would have.
//
//     node demo.mjs BACKEND PORT SERVICE_PORT [SERVER]
//
// SERVER is the service's binary; without it, only the other arguments are checked. Whatever the
// demo stores is gone when it ends.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { Backend, NAMES } from '../examples/test/backends.mjs';
import { VerificationSwitch } from './verification-switch.mjs';

const [backend, port, servicePort, server] = process.argv.slice(2);

/** Ends with what went wrong, said to a person. */
class Fault extends Error {}

async function checkPort(name, value) {
  const change = `choose another, as in \`make demo ${name}=3333\``;
  if (!/^\d+$/.test(value) || Number(value) < 1 || Number(value) > 65535) {
    throw new Fault(`${name}=${value} is not a port from 1 to 65535: ${change}`);
  }
  const probe = createServer().listen(Number(value), '127.0.0.1');
  try {
    await once(probe, 'listening');
  } catch (error) {
    const reason = error.code === 'EADDRINUSE' ? 'is taken' : `cannot be used (${error.code})`;
    throw new Fault(`${name}=${value} ${reason}: ${change}`);
  }
  probe.close();
  await once(probe, 'close');
}

/** Settles when the person, or the system, asks the demo to end. */
function asked() {
  return Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}

/** Where the dashboard is, and what opens it, once the service listens. */
async function addresses(output) {
  let said = '';
  for await (const part of output.iterator({ destroyOnReturn: false })) {
    said += part;
    if (/^listening on \S+$/m.test(said)) break;
  }
  output.resume();
  const [, token] = said.match(/^admin token, shown this once: (\S+)$/m) ?? [];
  const [, dashboard] = said.match(/^dashboard on (\S+)$/m) ?? [];
  return { dashboard, token };
}

async function run(folder, running) {
  const origin = `http://127.0.0.1:${servicePort}`;
  const service = {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      IDENTITY_DATABASE: `sqlite:${join(folder, 'identity.db')}`,
      IDENTITY_LISTEN: `127.0.0.1:${servicePort}`,
      IDENTITY_ADMIN_LISTEN: '127.0.0.1:0',
      IDENTITY_LOG: 'warn',
    },
  };
  const command = (...args) => promisify(execFile)(server, args, service);
  await command('migrate');
  const mode = 'required';
  const created = await command('org', 'create', 'Corner Shop', '--verification', mode, '--json');
  const { id, secret, organizationKey } = JSON.parse(created.stdout);
  const { key } = JSON.parse((await command('org', 'token-key', 'create', id, '--json')).stdout);

  const serving = spawn(server, ['serve'], {
    ...service,
    // Ctrl-C is for us: it ends when we say so.
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const served = once(serving, 'close');
  running.push(() => {
    serving.kill();
    return served;
  });
  const { dashboard, token } = await Promise.race([addresses(serving.stdout), served]);

  const verification = new VerificationSwitch(mode, (mode) =>
    command('org', 'verification', id, mode),
  );
  const switchUrl = await verification.listen();
  running.push(() => verification.close());

  const shop = new Backend(backend, {
    DEMO_SWITCH_URL: switchUrl,
    PORT: port,
    IDENTITY_SECRET: secret,
    IDENTITY_TOKEN_KEY: key,
    ORGANIZATION_KEY: organizationKey,
    IDENTITY_SERVER_URL: origin,
  });
  running.push(() => shop.end());
  shop.process.stderr.pipe(process.stderr);
  const address = await shop.origin();
  verification.allowedOrigins = [address, address.replace('127.0.0.1', 'localhost')];

  console.log(`
  Open ${address}, and log in as the page says.
  The vendor's dashboard is at ${dashboard}. Its admin token is
  ${token}
  The shop runs on ${backend}, the identity service at ${origin}.
  Ctrl-C ends both.
`);
  const ended = (name) => () => {
    throw new Fault(`${name} has ended; what it said stands above`);
  };
  await Promise.race([
    asked(),
    served.then(ended('the identity service')),
    shop.ended.then(ended('the shop')),
  ]);
}

/** The processes that were started, as functions that end them. */
const running = [];
const folder = await mkdtemp(join(tmpdir(), 'identity-hmac-demo-'));
try {
  if (!NAMES.includes(backend)) {
    throw new Fault(`BACKEND=${backend} is not one of ${NAMES.join(', ')}`);
  }
  await checkPort('PORT', port);
  await checkPort('SERVICE_PORT', servicePort);
  if (server) await run(folder, running);
} catch (error) {
  console.error(error instanceof Fault ? `demo: ${error.message}` : error);
  process.exitCode = 1;
} finally {
  await Promise.all(running.map((end) => end()));
  await rm(folder, { recursive: true });
}
