// worker.mjs on workerd, the runtime of Cloudflare Workers, bundled as their tools bundle it.

import { build } from 'esbuild';
import { Miniflare } from 'miniflare';

const { outputFiles } = await build({
  entryPoints: ['worker.mjs'],
  bundle: true,
  format: 'esm',
  conditions: ['workerd', 'worker'],
  write: false,
});
const { IDENTITY_TOKEN_KEY } = process.env;
const worker = new Miniflare({
  modules: [{ type: 'ESModule', path: 'worker.mjs', contents: outputFiles[0].text }],
  compatibilityDate: '2026-05-01',
  host: '127.0.0.1',
  port: 0,
  bindings: { IDENTITY_TOKEN_KEY },
});
console.log(`listening on ${(await worker.ready).origin}`);
