// Loads the native addon of this platform: beside this file, where the package was made for one
// platform, or from the package that npm installs for it. Each is written out, so that what traces
// the files of a deployment (as Next.js does) finds them.

const { createRequire } = require('node:module');

const LOADERS = {
  'darwin-arm64': [
    () => require('./identity-hmac.darwin-arm64.node'),
    () => require('@identity-hmac/addon-darwin-arm64'),
  ],
  'darwin-x64': [
    () => require('./identity-hmac.darwin-x64.node'),
    () => require('@identity-hmac/addon-darwin-x64'),
  ],
  'linux-arm64-gnu': [
    () => require('./identity-hmac.linux-arm64-gnu.node'),
    () => require('@identity-hmac/addon-linux-arm64-gnu'),
  ],
  'linux-arm64-musl': [
    () => require('./identity-hmac.linux-arm64-musl.node'),
    () => require('@identity-hmac/addon-linux-arm64-musl'),
  ],
  'linux-x64-gnu': [
    () => require('./identity-hmac.linux-x64-gnu.node'),
    () => require('@identity-hmac/addon-linux-x64-gnu'),
  ],
  'linux-x64-musl': [
    () => require('./identity-hmac.linux-x64-musl.node'),
    () => require('@identity-hmac/addon-linux-x64-musl'),
  ],
  'win32-arm64-msvc': [
    () => require('./identity-hmac.win32-arm64-msvc.node'),
    () => require('@identity-hmac/addon-win32-arm64-msvc'),
  ],
  'win32-x64-msvc': [
    () => require('./identity-hmac.win32-x64-msvc.node'),
    () => require('@identity-hmac/addon-win32-x64-msvc'),
  ],
};

const platform = [process.platform, process.arch, abi()].filter(Boolean).join('-');

/** The C library on Linux, the compiler's on Windows: the last part of a platform's name. */
function abi() {
  if (process.platform === 'linux') {
    process.report.excludeNetwork = true; // which asks a name server
    return process.report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl';
  }
  return process.platform === 'win32' ? 'msvc' : '';
}

function load() {
  for (const loader of [...(LOADERS[platform] ?? [compiledHere]), webAssembly]) {
    try {
      return loader();
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') {
        throw explained(`the addon for ${platform} does not load: ${error.message}`, error);
      }
    }
  }
  throw explained(
    platform in LOADERS
      ? `the addon for ${platform} is not installed. Remove node_modules and the lock file, and install ` +
          'on the platform that it runs on, with optional dependencies'
      : `there is no native addon for ${platform}, only for ${Object.keys(LOADERS).join(', ')}. ` +
          'Install it as WebAssembly, with `npm install --cpu=wasm32 identity-hmac`',
  );
}

/** An addon that a user compiled for another platform. Bundlers look for none. */
function compiledHere() {
  return createRequire(__filename)(`./identity-hmac.${platform}.node`);
}

/** The last resort, slower than a native addon. */
function webAssembly() {
  return require('@identity-hmac/addon-wasm32-wasip1');
}

function explained(fault, cause) {
  return new Error(
    `identity-hmac: ${fault}. Or import identity-hmac/webcrypto, which is installed with it and ` +
      'needs no addon: it has the same functions, and they return promises. Or compile the addon: ' +
      'https://identity-hmac.github.io/identity-hmac/reference/node.html#platforms',
    cause && { cause },
  );
}

module.exports = load();
