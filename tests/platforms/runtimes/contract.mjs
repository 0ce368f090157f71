// The contract of the guarded route with the package as it is installed here, on the runtimes that the
// arguments name; on Bun, Deno and workerd without any.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { generateTokenKey } from 'identity-hmac';

/** The program in the one package of a scope that npm has installed, the one for this platform. */
const programOf = (scope, path) =>
  join('node_modules', scope, readdirSync(join('node_modules', scope))[0], path);

const RUNTIMES = {
  Bun: [programOf('@oven', 'bin/bun'), 'bun.mjs'],
  Deno: [programOf('@deno', 'deno'), 'run', '--allow-all', 'deno.mjs'],
  workerd: [process.execPath, 'workerd.mjs'],
};
const CONTRACT = fileURLToPath(new URL('../../routes/contract.test.mjs', import.meta.url));
const env = { ...process.env, IDENTITY_TOKEN_KEY: generateTokenKey() };

/** The address at which a program says that it listens. */
async function addressOf(program) {
  for await (const line of createInterface(program.stdout)) {
    const [, address] = /^listening on (.*)$/.exec(line) ?? [];
    if (address) return address;
  }
  throw new Error('it ended before it listened');
}

const chosen = process.argv.slice(2);
for (const name of chosen.length > 0 ? chosen : Object.keys(RUNTIMES)) {
  const [command, ...args] = RUNTIMES[name];
  console.log(name);
  const program = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const ORIGIN = await addressOf(program);
    const options = { env: { ...env, ORIGIN }, stdio: 'inherit' };
    const test = spawn(process.execPath, ['--test', '--test-reporter=spec', CONTRACT], options);
    const [code] = await once(test, 'exit');
    if (code !== 0) process.exitCode = 1;
    console.log(code === 0 ? `${name} keeps the contract` : `${name} breaks the contract`);
  } finally {
    program.kill();
  }
}
