// The README of the installed package, the reference (browser.md), the chat page (chat-page.md) and
// the examples of the types: each compiles under the strictest options, and does what it says. The
// HTML of the reference runs in tests/e2e.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { format } from 'node:util';
import * as sdk from 'identity-hmac-browser';
import { becomePage } from './browser.js';
import { startService } from './service.js';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const read = (file) => readFileSync(here(`node_modules/identity-hmac-browser/${file}`), 'utf8');

const service = await startService();
const options = { organizationKey: 'pk_1', serverUrl: service.url };
/** What the examples are given; globals.d.ts says so to the compiler. */
const given = { assert, fetch: withBackend(fetch), ...options };

/** The page's fetch, with the reader's own backend behind it. */
function withBackend(fetch) {
  return async (url, init) => {
    const [, route, visitorId] = url.match(/^\/api\/chat-(\w+)\?visitorId=(.+)$/) ?? [];
    const answers = {
      identity: () => ({ hmac: service.sign(visitorId) }),
      token: () => ({ token: service.token(visitorId) }),
    };
    return route ? Response.json(answers[route]()) : fetch(url, init);
  };
}

const pages = [
  ['README.md', read('README.md')],
  ...['browser.md', 'chat-page.md'].map((name) => [name, readFileSync(here(name), 'utf8')]),
];
const programs = pages.flatMap(([page, text]) =>
  Array.from(
    text.matchAll(/^( *)```(tsx?)\n(.*?)^ *```$/gms),
    ([, indent, extension, program], index) => ({
      page,
      name: `${page.replace('.md', '')}-${index + 1}`,
      extension: extension === 'ts' ? 'mts' : 'tsx',
      program: program
        .replaceAll(new RegExp(`^${indent}`, 'gm'), '')
        .replaceAll('https://chat.example.com', service.url)
        .replaceAll('pk_…', 'pk_1'),
    }),
  ),
);

const examples = ['index.d.ts', 'api.d.ts', 'error.d.ts'].flatMap((file) =>
  Array.from(
    read(file).matchAll(/@example\n((?: +\*(?: .*)?\n)+?) +\*\/\n *(.*)/g),
    ([, comment, declared], index) => ({
      file,
      declared,
      name: `${file.replace('.d.ts', '')}-${index}`,
      extension: 'mts',
      program: `import { getSdkApi, IdentityError, init } from 'identity-hmac-browser';
${comment.replace(/^ +\* ?/gm, '')}`,
    }),
  ),
);

before(() => {
  becomePage();
  Object.assign(globalThis, given);
  mkdirSync(here('examples'));
  writeFileSync(
    here('examples/globals.d.ts'),
    `declare const organizationKey: string;
declare const serverUrl: string;
declare function assert(value: unknown): asserts value;
declare namespace assert {
  function equal(actual: unknown, expected: unknown): void;
  function notEqual(actual: unknown, expected: unknown): void;
  function deepEqual(actual: unknown, expected: unknown): void;
  function match(actual: string, expected: RegExp): void;
}
`,
  );
  for (const { name, extension, program } of [...programs, ...examples]) {
    writeFileSync(here(`examples/${name}.${extension}`), program);
  }
});
beforeEach(async () => {
  service.verification = true;
  await sdk.init(options);
});
after(() => {
  sdk.getSdkApi().shutdown();
  return service.stop();
});

test('every example compiles under strict and exactOptionalPropertyTypes', () => {
  // React's types are where the compiler is.
  const [bin] = process.env.PATH.split(':');
  const react = `${bin}/../@types/react`;
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    target: 'es2022',
    lib: ['es2022', 'dom'],
    types: [],
    module: 'nodenext',
    jsx: 'react-jsx',
    paths: { react: [`${react}/index.d.ts`], 'react/jsx-runtime': [`${react}/jsx-runtime.d.ts`] },
    noEmitOnError: true,
    outDir: '../built',
    rootDir: '.',
  };
  writeFileSync(here('examples/tsconfig.json'), JSON.stringify({ compilerOptions }));
  const { status, stdout } = spawnSync('tsc', ['-p', here('examples')], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
});

for (const { page, name, extension, program } of programs) {
  if (extension === 'mts') {
    test(`${name} of ${page} logs what it says`, async (t) => {
      const promised = Array.from(
        program.matchAll(/console\.log\(.*\/\/ (.*)$/gm),
        ([, line]) => line,
      );
      const { mock } = t.mock.method(console, 'log', () => {});
      await import(here(`built/${name}.mjs`));
      assert(promised.length > 0);
      assert.deepEqual(
        mock.calls.map((call) => format(...call.arguments)),
        promised,
      );
    });
  }
}

for (const { file, declared, name } of examples) {
  test(`the example of ${file} for "${declared}" holds`, async (t) => {
    t.mock.method(console, 'log', () => {});
    await import(here(`built/${name}.mjs`));
  });
}
