// The addon as WebAssembly, bundled with what it needs. It runs in the thread that loads it. Of the system
// it gets random numbers and standard error: no file and no environment.

const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { createContext } = require('@emnapi/runtime');
const {
  emnapiAsyncWorkPlugin,
  emnapiTSFNPlugin,
  instantiateNapiModuleSync,
  WASI,
} = require('@napi-rs/wasm-runtime');

// Above what the module asks for, which is mostly its stack. The system gives memory when it is used.
const memory = new WebAssembly.Memory({ initial: 1024, maximum: 65536 });
const bytes = readFileSync(join(__dirname, 'identity-hmac.wasm32-wasip1.wasm'));

const { napiModule } = instantiateNapiModuleSync(bytes, {
  context: createContext(),
  plugins: [emnapiAsyncWorkPlugin, emnapiTSFNPlugin],
  wasi: new WASI({ version: 'preview1' }),
  overwriteImports: (imports) => ({
    ...imports,
    env: { ...imports.env, ...imports.napi, ...imports.emnapi, memory },
  }),
  beforeInit({ instance }) {
    for (const [name, register] of Object.entries(instance.exports)) {
      if (name.startsWith('__napi_register__')) {
        register();
      }
    }
  },
});

module.exports = napiModule.exports;
