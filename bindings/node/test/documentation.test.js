// The README of the installed package, the reference (node.md) and the examples of the types, run as
// they stand.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { implementations } from './implementations.js';

const project = fileURLToPath(new URL('.', import.meta.url));
const installed = `${project}/node_modules/identity-hmac`;

const programs = [`${installed}/README.md`, `${project}/node.md`].flatMap((page) =>
  Array.from(readFileSync(page, 'utf8').matchAll(/^```js\n(.*?)^```$/gms), ([, program]) => [
    basename(page),
    program,
  ]),
);

for (const [page, program] of programs) {
  const names = program.match(/\{ (.*) \} from '(.*)'/);
  test(`the program of ${page} with ${names[1]} from ${names[2]} prints what it says`, () => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module'], {
      cwd: project,
      encoding: 'utf8',
      env: {
        ...process.env,
        IDENTITY_SECRET: 's3cret',
        IDENTITY_TOKEN_KEY: `itk_9f2c41aa_${'c0ffee00'.repeat(8)}`,
      },
      input: program,
    });
    const promised = Array.from(
      program.matchAll(/^ *console\.log\(.*\); \/\/ (.*)$/gm),
      (m) => m[1],
    );
    assert(promised.length > 0);
    assert.equal(stdout, `${promised.join('\n')}\n`, stderr);
  });
}

const ROUTES = ['express', 'fastify', 'route'];
const entries = [
  ...implementations,
  ...(await Promise.all(
    ROUTES.map(async (name) => [
      `identity-hmac/${name}`,
      { ...implementations[0][1], ...(await import(`identity-hmac/${name}`)) },
    ]),
  )),
];

for (const [entry, api] of entries) {
  const types = `${entry.split('/')[1] ?? 'index'}.d.mts`;
  for (const [, comment, declared] of readFileSync(`${installed}/${types}`, 'utf8').matchAll(
    /@example\n((?: +\*(?: .*)?\n)+?) +\*\/\n *(.*)/g,
  )) {
    test(`the example of ${entry} for "${declared}" holds`, async () => {
      const example = comment.replace(/^ +\* ?/gm, '');
      const names = ['assert', ...Object.keys(api)];
      const AsyncFunction = (async () => {}).constructor;
      await new AsyncFunction(...names, example)(assert, ...Object.values(api));
    });
  }
}
