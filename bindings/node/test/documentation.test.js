// The README of the installed package and the examples of its types, run as they stand.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as native from 'identity-hmac';
import { implementations } from './implementations.js';

const project = fileURLToPath(new URL('.', import.meta.url));
const installed = `${project}/node_modules/identity-hmac`;

const programs = Array.from(
  readFileSync(`${installed}/README.md`, 'utf8').matchAll(/^```js\n(.*?)^```$/gms),
  ([, program]) => program,
);
const route = programs.find((program) => program.includes('express'));

for (const program of programs.filter((program) => program !== route)) {
  const names = program.match(/\{ (.*) \} from '(.*)'/);
  test(`the README's program with ${names[1]} from ${names[2]} prints what it says`, () => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module'], {
      cwd: project,
      encoding: 'utf8',
      env: { ...process.env, IDENTITY_SECRET: 's3cret' },
      input: program,
    });
    const promised = Array.from(program.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm), (m) => m[1]);
    assert(promised.length > 0);
    assert.equal(stdout, `${promised.join('\n')}\n`, stderr);
  });
}

test("the README's route signs for a user, and for nobody else", async () => {
  const script = `${project}/route.js`;
  writeFileSync(
    script,
    `${route}\napp.listen(0, '127.0.0.1', function () { console.log(this.address().port); });`,
  );
  const server = spawn(process.execPath, [script], {
    env: { ...process.env, IDENTITY_SECRET: 's3cret' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [port] = await once(server.stdout, 'data');
    const ask = (query, cookie) =>
      fetch(`http://127.0.0.1:${Number(port)}/api/chat-identity?${query}`, { headers: { cookie } });

    const answer = await ask('visitorId=visitor_1', 'user=jane');
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.deepEqual(await answer.json(), {
      hmac: native.generateIdentityHmac('visitor_1', 's3cret'),
    });
    assert.equal((await ask('visitorId=visitor_1', '')).status, 401);
    for (const query of ['', 'visitorId=', 'visitorId=a&visitorId=b', 'visitorId[]=a']) {
      assert.equal((await ask(query, 'user=jane')).status, 400);
    }
  } finally {
    server.kill();
    rmSync(script);
  }
});

for (const [entry, api] of implementations) {
  const types = entry === 'identity-hmac' ? 'index.d.mts' : 'webcrypto.d.mts';
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
