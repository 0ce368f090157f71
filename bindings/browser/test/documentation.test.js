// The README of the installed package and the examples of its types, run as they stand.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, test } from 'node:test';
import { format } from 'node:util';
import * as sdk from 'identity-hmac-browser';
import { Browser } from './browser.js';
import { gate } from './gate.js';
import { startService } from './service.js';

const AsyncFunction = (async () => {}).constructor;

let service;
let options;

beforeEach(async () => {
  service = await startService();
  service.verification = true;
  options = { organizationKey: 'pk_1', serverUrl: service.url };
});
afterEach(() => service.stop());

const read = (file) =>
  readFileSync(new URL(`node_modules/identity-hmac-browser/${file}`, import.meta.url), 'utf8');

/** The page's fetch, with the reader's own backend behind it. */
async function fetch(url) {
  const [, visitorId] = url.match(/^\/api\/chat-identity\?visitorId=(.+)$/);
  return Response.json({ hmac: service.sign(visitorId) });
}

/** Runs a program where these names are known. */
function run(program, names) {
  return new AsyncFunction(...Object.keys(names), program)(...Object.values(names));
}

/** Runs a program and compares what it logs with what the comments beside that say. */
async function runAsPromised(program, names) {
  const promised = Array.from(program.matchAll(/console\.log\(.*\/\/ (.*)$/gm), ([, line]) => line);
  const printed = [];
  const { open, opened } = gate();
  const log = (...values) => {
    if (printed.push(format(...values)) === promised.length) {
      open();
    }
  };
  const here = program.replace('https://chat.example.com', service.url).replace('pk_…', 'pk_1');
  await run(here, { ...names, console: { log } });
  await opened;
  assert.deepEqual(printed, promised);
}

const blocks = Array.from(
  read('README.md').matchAll(/^## ([^\n]*)$|^```(js|html)\n(.*?)^```$/gms),
  ([, heading, language, program]) => ({ heading, language, program }),
);
test('the README has its programs, and a page', () => {
  const languages = blocks.map(({ language }) => language).filter(Boolean);
  assert.deepEqual(languages, ['js', 'html', 'js', 'js']);
});

let section;
for (const { heading, language, program } of blocks) {
  section = heading ?? section;
  if (language === 'js') {
    test(`the README's program under "${section}" logs what it says`, async () => {
      await sdk.init(options);
      const withoutImports = program.replace(
        /^import \{ .* \} from 'identity-hmac-browser';$/m,
        '',
      );
      assert.notEqual(withoutImports, program);
      await runAsPromised(withoutImports, { ...sdk, fetch });
    });
  } else if (language === 'html') {
    test(`the README's page under "${section}" logs what it says`, async () => {
      service.verification = false;
      const [, script] = program.match(/<script>(.*)<\/script>/s);
      const { api } = new Browser().open();
      await runAsPromised(script, { getSdkApi: () => api });
    });
  }
}

for (const file of ['index.d.ts', 'api.d.ts', 'error.d.ts']) {
  for (const [, comment, declared] of read(file).matchAll(
    /@example\n((?: +\*(?: .*)?\n)+?) +\*\/\n *(.*)/g,
  )) {
    test(`the example of ${file} for "${declared}" holds`, async () => {
      await sdk.init(options);
      const example = comment.replace(/^ +\* ?/gm, '');
      await run(example, { assert, fetch, ...options, ...sdk });
    });
  }
}
