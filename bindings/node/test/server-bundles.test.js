// Plain bundles for servers: no bundler has a setting for this package. A bundle
// cannot hold a native addon, so it takes the installed package when it runs.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import * as esbuild from 'esbuild';
import { rollup } from 'rollup';
import webpack from 'webpack';

const SIGNED = '03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae';
/** A project with a copy of the package of its own, which the tests take away for a moment. */
const project = mkdtempSync(join(tmpdir(), 'identity-hmac-'));
const elsewhere = mkdtempSync(join(tmpdir(), 'identity-hmac-'));
after(() => {
  rmSync(project, { recursive: true });
  rmSync(elsewhere, { recursive: true });
});
const out = join(project, 'out');
const installed = join(project, 'node_modules/identity-hmac');
cpSync(fileURLToPath(new URL('node_modules/identity-hmac', import.meta.url)), installed, {
  recursive: true,
});

const NAMES = 'generateIdentityHmac, IdentityHmacError, IdentityKey, IdentityTokenKey, Keyring';
const USE = `
  let error;
  try { new IdentityKey('') } catch (thrown) { error = thrown }
  console.log(generateIdentityHmac('visitor_1', 's3cret'));
  console.log(error instanceof IdentityHmacError, error.name, IdentityHmacError.name);
  console.log(IdentityKey.name, Keyring.name, new Keyring(new IdentityKey('s3cret')));
  console.log(new IdentityTokenKey('itk_9f2c41aa_' + '0'.repeat(64)).keyId);`;
// Bundled beside `identity-hmac`, and of the same package when it runs.
const ROUTE_USE = `
  console.log(typeof chatIdentityRoute({ key: new IdentityKey('s3cret'), authenticate() {} }).ready);`;
const OUTPUT = `${SIGNED}\ntrue IdentityHmacError IdentityHmacError\nIdentityKey Keyring [object Keyring]\n9f2c41aa\nfunction\n`;

for (const entry of ['identity-hmac', 'identity-hmac/webcrypto']) {
  const name = entry.replace('/', '-');
  const isNative = entry === 'identity-hmac';
  const use = USE + ROUTE_USE;
  const program = isNative ? use : `(async () => {${use.replace('(g', '(await g')}})()`;
  const route = isNative ? `${entry}/express` : entry;
  writeFileSync(
    join(project, `${name}.mjs`),
    `import { ${NAMES} } from '${entry}'; import { chatIdentityRoute } from '${route}'; ${program}`,
  );
  writeFileSync(
    join(project, `${name}.cjs`),
    `const { ${NAMES} } = require('${entry}'); const { chatIdentityRoute } = require('${route}'); ${program}`,
  );
}

/** How each bundler bundles one file, minified where it can, and leaves `external` out. */
const bundlers = {
  'esbuild as a module': (source, outfile, external) =>
    esbuild.build({ ...ESBUILD, format: 'esm', entryPoints: [source], outfile, external }),
  'esbuild as CommonJS': (source, outfile, external) =>
    esbuild.build({ ...ESBUILD, format: 'cjs', entryPoints: [source], outfile, external }),
  'rollup as a module': (source, file, external) => withRollup(source, file, 'es', external),
  'rollup as CommonJS': (source, file, external) => withRollup(source, file, 'cjs', external),
  webpack: (source, file, external) => withWebpack(source, file, external),
};
const ESBUILD = { bundle: true, platform: 'node', minify: true, absWorkingDir: project };

async function withRollup(input, file, format, external) {
  const bundle = await rollup({ input: join(project, input), external, plugins: [nodeResolve()] });
  await bundle.write({ file, format });
  await bundle.close();
}

function withWebpack(entry, file, external) {
  const options = {
    context: project,
    entry: `./${entry}`,
    externals: Object.fromEntries(external.map((name) => [name, `commonjs ${name}`])),
    mode: 'production',
    output: { path: out, filename: file.slice(out.length + 1) },
    target: 'node',
  };
  return new Promise((resolve, reject) => {
    webpack(options, (error, stats) => {
      const fault = error ?? (stats.hasErrors() || stats.hasWarnings() ? stats.toString() : null);
      fault ? reject(fault) : resolve();
    });
  });
}

function run(file, cwd) {
  return spawnSync(process.execPath, [file], { cwd, encoding: 'utf8' });
}

for (const [bundler, bundle] of Object.entries(bundlers)) {
  const extension = bundler.endsWith('module') ? 'mjs' : 'cjs';
  // Rollup alone leaves `require` as it is.
  const sources = bundler.startsWith('rollup') ? ['mjs'] : ['mjs', 'cjs'];
  describe(`bundled by ${bundler}`, () => {
    for (const source of sources) {
      const file = join(out, `${bundler.replaceAll(' ', '-')}-from-${source}.${extension}`);

      test(`a program in ${source} signs, with its own classes`, async () => {
        await bundle(`identity-hmac.${source}`, file, []);
        const { stdout, stderr } = run(file, '/');
        assert.equal(stdout, OUTPUT, stderr);
      });

      test(`a program in ${source} that runs where the package is not names the line to add`, () => {
        const moved = join(elsewhere, `moved.${extension}`);
        cpSync(file, moved);
        renameSync(installed, `${installed}-away`);
        try {
          const { status, stderr } = run(moved, elsewhere);
          assert.notEqual(status, 0);
          assert.match(stderr, /Error: identity-hmac was bundled, and the installed package/);
          for (const line of LINES) {
            assert(stderr.includes(line), stderr);
          }
        } finally {
          renameSync(`${installed}-away`, installed);
        }
      });
    }

    test('with the line that it names, the package is left out, and found', async () => {
      const file = join(out, `external-${bundler.replaceAll(' ', '-')}.${extension}`);
      await bundle(`identity-hmac.${sources[0]}`, file, ['identity-hmac']);
      assert.equal(run(file, '/').stdout, OUTPUT);
    });

    test('identity-hmac/webcrypto is in the bundle, which runs anywhere', async () => {
      const file = join(out, `webcrypto-${bundler.replaceAll(' ', '-')}.${extension}`);
      await bundle(`identity-hmac-webcrypto.${sources[0]}`, file, []);
      const moved = join(elsewhere, `webcrypto.${extension}`);
      cpSync(file, moved);
      const { stdout, stderr } = run(moved, elsewhere);
      assert.equal(stdout, OUTPUT, stderr);
    });
  });
}

/** What the options above are in each bundler's own words. */
const LINES = [
  "serverExternalPackages: ['identity-hmac']",
  '--external:identity-hmac',
  "external: ['identity-hmac']",
  "externals: { 'identity-hmac': 'commonjs identity-hmac' }",
];
