// What a server's bundler gets in place of the entries that use the native addon. An addon cannot become
// part of a bundle, so the bundle loads the installed package when it runs.

import Module from 'node:module';

// Neither as an import nor as a literal, which webpack would follow.
const { createRequire } = Module;
const PACKAGE = ['identity', 'hmac'].join('-');

/** The installed package's entry, such as `/route`. */
export function load(entry) {
  // From the bundle, which some bundlers replace by where this file was, and from the program.
  const file = typeof __filename === 'string' ? __filename : undefined;
  for (const place of [import.meta.url, file, process.argv[1]].filter(Boolean)) {
    try {
      return createRequire(place)(PACKAGE + entry);
    } catch (error) {
      // The second is for a place that is no file.
      if (error.code !== 'MODULE_NOT_FOUND' && error.code !== 'ERR_INVALID_ARG_VALUE') {
        throw error;
      }
    }
  }
  throw new Error(
    'identity-hmac was bundled, and the installed package, which holds its native addon, is not ' +
      'found from where the bundle runs. Install identity-hmac there and leave it out of the ' +
      "bundle. Next.js: serverExternalPackages: ['identity-hmac']. esbuild: " +
      "--external:identity-hmac. Rollup: external: ['identity-hmac']. Vite: ssr: { external: " +
      "['identity-hmac'] }. webpack: externals: { 'identity-hmac': 'commonjs identity-hmac' }. " +
      'Or import identity-hmac/webcrypto, which needs no addon and returns promises',
  );
}
