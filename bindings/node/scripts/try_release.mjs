// Installs the packages of a release into an empty project, without a network, and runs the shared vectors
// through them, by import and by require: on the native addon that fits this machine, then on the one in
// WebAssembly. Ends with 1 if a test fails, or if no addon was there to be tried.
//   node scripts/try_release.mjs FOLDER_OF_TARBALLS

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';

const folder = resolve(process.argv[2]);
const sources = resolve(import.meta.dirname, '..');
const TESTS = ['modules', 'route-vectors', 'token-vectors', 'vectors'].map(
  (name) => `${name}.test.js`,
);
const REQUIRE = "import { createRequire as requireFrom } from 'node:module';";
const PATH = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`;

// npm asks the machine's ldd, which is not for a Node on musl beside it.
const { glibcVersionRuntime } = process.report.getReport().header;
const libc =
  process.platform === 'linux' ? [`--libc=${glibcVersionRuntime ? 'glibc' : 'musl'}`] : [];

const packages = Object.fromEntries(
  fs
    .readdirSync(folder)
    .map((name) => [name, name.match(/^identity-hmac-(?:(addon-.*)-)?[0-9].*\.tgz$/)])
    .filter(([, match]) => match)
    .map(([name, [, addon]]) => [
      addon ? `@identity-hmac/${addon}` : 'identity-hmac',
      join(folder, name),
    ]),
);

function run(cwd, program, ...args) {
  const shell = process.platform === 'win32'; // where npm is a script
  return spawnSync(program, args, { cwd, shell, env: { ...process.env, PATH }, encoding: 'utf8' });
}

function must(cwd, ...command) {
  const { status, stdout, stderr } = run(cwd, ...command);
  assert.equal(status, 0, `${command.join(' ')}\n${stdout}\n${stderr}`);
}

/** What npm installs of the packages on a processor like `cpu`. */
function install(project, cpu) {
  const files = Object.entries(packages).map(([name, path]) => [name, `file:${path}`]);
  const { 'identity-hmac': main, ...addons } = Object.fromEntries(files);
  const dependencies = { 'identity-hmac': main };
  fs.writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ type: 'module', dependencies, optionalDependencies: addons }),
  );
  must(
    project,
    'npm',
    'install',
    '--offline',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    `--cpu=${cpu}`,
    ...libc,
  );
}

/** Tries the addon for `cpu`, if it is among the packages. Says whether it was. */
function tryOn(cpu) {
  // As it really is, which macOS hides behind a link.
  const project = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'identity-hmac-')));
  try {
    install(project, cpu);
    const scope = join(project, 'node_modules/@identity-hmac');
    const addons = fs.existsSync(scope) ? fs.readdirSync(scope) : [];
    if (addons.length === 0) {
      console.log(
        `Node ${process.versions.node}: no addon for ${process.platform} ${cpu} is here, not tried`,
      );
      return false;
    }
    assert.equal(addons.length, 1, `more than one addon is installed: ${addons}`);
    fs.cpSync(join(sources, '../../tests/vectors'), project, { recursive: true });
    for (const style of ['import', 'require']) {
      for (const name of [...TESTS, 'implementations.js']) {
        const source = fs.readFileSync(join(sources, 'test', name), 'utf8');
        const required = source.replaceAll(
          /^import \* as (\w+) from '(identity-hmac.*)';$/gm,
          "const $1 = requireFrom(import.meta.url)('$2');",
        );
        fs.writeFileSync(
          join(project, name),
          style === 'import' ? source : `${REQUIRE}\n${required}`,
        );
      }
      const tested = run(project, process.execPath, '--test', '--test-reporter=tap', ...TESTS);
      const count = (word) =>
        Number(tested.stdout.match(new RegExp(`^# ${word} (\\d+)$`, 'm'))?.[1]);
      const summary = `Node ${process.versions.node}, ${addons[0]}, ${style}: ${count('pass')} of ${count('tests')} tests`;
      assert.equal(tested.status, 0, `${tested.stdout}\n${tested.stderr}\n${summary}`);
      assert(count('tests') > 400 && count('pass') === count('tests'), summary);
      console.log(summary);
    }
    return true;
  } finally {
    fs.rmSync(project, { recursive: true });
  }
}

assert(packages['identity-hmac'], `${folder} has no identity-hmac-VERSION.tgz`);
const tried = [process.arch, 'wasm32'].map(tryOn);
process.exitCode = tried.includes(true) ? 0 : 1;
