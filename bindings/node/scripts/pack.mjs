// Packs what is published of build/: the package without an addon, and the package of the addon that was
// built, which npm installs where it fits.
//   node scripts/pack.mjs DESTINATION TRIPLE

import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join, resolve } from 'node:path';

// What js/wasm.cjs is bundled with, and emnapi, which is linked into the module.
const BUNDLED = [
  'emnapi',
  '@emnapi/core',
  '@emnapi/runtime',
  '@emnapi/wasi-threads',
  '@napi-rs/wasm-runtime',
  '@tybys/wasm-util',
];
const RULE = `${'='.repeat(100)}\n`;

const [destination, triple] = process.argv.slice(2);
const packed = resolve(destination);
const node = resolve(import.meta.dirname, '..');
const build = join(node, 'build');

const run = (program, ...args) =>
  execFileSync(program, args, {
    cwd: build,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
const read = (...path) => fs.readFileSync(join(...path), 'utf8');
const readPackage = (folder) => JSON.parse(read(folder, 'package.json'));
const writePackage = (folder, value) =>
  fs.writeFileSync(join(folder, 'package.json'), `${JSON.stringify(value, null, 2)}\n`);

/** Makes the folder of the addon `binary` a package. */
function makeAddonPackage(folder, platform, binary) {
  // napi has written the system, the processor and the C library as npm names them.
  const { cpu, libc, license, name, os, repository, version } = readPackage(folder);
  const files = binary.endsWith('.wasm') ? ['wasm.cjs', binary] : [binary];
  writePackage(folder, {
    name,
    version,
    description: `The addon of identity-hmac for ${platform}`,
    license,
    repository,
    engines: main.engines,
    os,
    cpu,
    libc,
    type: 'commonjs',
    main: files[0],
    files: [...files, 'LICENSE-*', 'THIRD-PARTY-LICENSES.txt'],
  });
  fs.writeFileSync(
    join(folder, 'README.md'),
    `# ${name}

The addon of identity-hmac for \`${triple}\`. npm installs it
beside that package where it fits. Do not install it by itself.

Licensed under MIT or Apache-2.0, at your option. THIRD-PARTY-LICENSES.txt has the licences of what is linked
into it.
`,
  );
  const licenses = join(node, '../../scripts/third_party_licenses.py');
  fs.writeFileSync(
    join(folder, 'THIRD-PARTY-LICENSES.txt'),
    run('python3', licenses, 'identity-hmac-node', '--target', triple) +
      (files.includes('wasm.cjs') ? BUNDLED.map(licenseOf).join('') : ''),
  );
  for (const file of ['LICENSE-APACHE', 'LICENSE-MIT']) {
    fs.copyFileSync(join(build, file), join(folder, file));
  }
  for (const file of files) {
    fs.renameSync(join(build, file), join(folder, file));
  }
}

function licenseOf(name) {
  const folder = join(node, 'node_modules', name);
  const { author, license, version } = readPackage(folder);
  const title = `${name} ${version}: ${license}, ${author?.name ?? author}`;
  const text = fs.existsSync(join(folder, 'LICENSE')) ? `${RULE}${read(folder, 'LICENSE')}` : '';
  return `${RULE}${title}\n${text}`;
}

const main = readPackage(build);
run(join(node, 'node_modules/.bin/napi'), 'create-npm-dirs');
const platforms = fs.readdirSync(join(build, 'npm'));
const [binary, platform] = fs
  .readdirSync(build)
  .map((name) => name.match(/^identity-hmac\.([^.]+)\.(?:node|wasm)$/))
  .find((match) => match);
const folders = [build];
// Who compiles for a platform that is none of ours has it in no package.
if (platforms.includes(platform)) {
  const folder = join(build, 'npm', platform);
  makeAddonPackage(folder, platform, binary);
  folders.push(folder);
}
writePackage(build, {
  ...main,
  optionalDependencies: Object.fromEntries(
    platforms.map((platform) => [`${main.napi.packageName}-${platform}`, main.version]),
  ),
});
for (const { filename, size, unpackedSize } of JSON.parse(
  run('npm', 'pack', '--json', '--pack-destination', packed, ...folders),
)) {
  console.log(`${filename}: ${size} bytes, ${unpackedSize} unpacked`);
}
