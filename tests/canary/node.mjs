// Shows all that can be shown of the Node package, a JSON line each: see python.py, which takes the
// same arguments. Run in a project that has the package. No variable here holds the secret.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { format, inspect } from 'node:util';
import { serialize } from 'node:v8';

const [file, mode, number] = process.argv.slice(2);
const load = createRequire(`${process.cwd()}/`);
const native = load('identity-hmac');
const webcrypto = load('identity-hmac/webcrypto');

const VARIABLE = 'CANARY_SETTING';
const EVERYTHING = { depth: Number.POSITIVE_INFINITY, showHidden: true, maxStringLength: null };

const secret = () => readFileSync(file, 'utf8');
const tokenKey = () => readFileSync(`${file}.token-key`, 'utf8');

// What a careless key and a careless error would be.
class Planted {
  secret = secret();

  toString() {
    return this.secret;
  }
}
class PlantedError extends Error {
  constructor() {
    super(`${secret()} is no good`, { cause: new Error(secret()) });
    this.secret = secret();
  }
}

function fromEnvironment(IdentityKey, make) {
  process.env[VARIABLE] = make();
  try {
    return IdentityKey.fromEnv(VARIABLE);
  } finally {
    delete process.env[VARIABLE];
  }
}

const holders = [];
const errors = new Map();
for (const [entry, api] of Object.entries({ native, webcrypto })) {
  const { IdentityKey, Keyring, generateIdentityHmac, verifyIdentityHmac } = api;
  const { IdentityTokenKey, IdentityTokenKeyring } = api;
  const key = new IdentityKey(secret());
  const ring = new Keyring(secret(), secret());
  holders.push([`${entry} IdentityKey`, key], [`${entry} Keyring`, ring]);
  const signer = new IdentityTokenKey(tokenKey());
  const tokenRing = new IdentityTokenKeyring(tokenKey(), tokenKey());
  holders.push([`${entry} IdentityTokenKey`, signer]);
  holders.push([`${entry} IdentityTokenKeyring`, tokenRing]);
  const user = { visitorId: 'id', externalId: 'user' };
  const provocations = {
    'no id': () => generateIdentityHmac('', secret()),
    'an id of undefined': () => generateIdentityHmac(undefined, secret()),
    'an id with 4,000 digits': () => generateIdentityHmac(10n ** 4000n, secret()),
    'an id that is a list': () => generateIdentityHmac([secret()], secret()),
    'an id that is a key': () => generateIdentityHmac(key, secret()),
    'an id that answers with the secret': () => key.sign({ toString: secret, secret: secret() }),
    'the secret as the only argument': () => generateIdentityHmac(secret()),
    'a secret in a list': () => generateIdentityHmac('id', [secret()]),
    'a secret as a String object': () => new IdentityKey(new String(secret())),
    'a secret in a DataView': () => new IdentityKey(new DataView(Buffer.from(secret()).buffer)),
    'verify with a secret in a list': () => verifyIdentityHmac('id', secret(), [secret()]),
    'a keyring whose previous secret is a list': () => new Keyring(key, [secret()]),
    'a variable with a line end': () => fromEnvironment(IdentityKey, () => `${secret()}\n`),
    'a variable in quotes': () => fromEnvironment(IdentityKey, () => `"${secret()}"`),
    'a variable with U+FFFD': () => fromEnvironment(IdentityKey, () => `${secret()}\uFFFD`),
    'a key without new': () => IdentityKey(secret()),
    'a method of another object': () => key.sign.call({ secret: secret() }, secret()),
    'a method that a key has not': () => key.value(secret()),
    'a cloned key': () => structuredClone({ key }),
    'a serialized keyring': () => serialize([ring]),
    'a key as a number': () => +key + BigInt(key),
    'a token key with a line end': () => new IdentityTokenKey(`${tokenKey()}\n`),
    'a token key in quotes': () => new IdentityTokenKey(`'${tokenKey()}'`),
    'a token key without its beginning': () => new IdentityTokenKey(tokenKey().slice(13)),
    'a token key in a list': () => new IdentityTokenKey([tokenKey()]),
    'a token key as the secret': () => fromEnvironment(IdentityKey, tokenKey),
    'a token keyring of lists': () => new IdentityTokenKeyring([tokenKey()]),
    'a token key as an e-mail address': () => signer.sign({ ...user, email: tokenKey() }),
    'a token key beside an empty id': () =>
      signer.sign({ visitorId: '', externalId: tokenKey(), name: tokenKey() }),
    'a token key as a token': () => signer.verify(tokenKey(), 'id'),
    'a token key as a visitor id': async () => signer.verify(await signer.sign(user), tokenKey()),
    'an expired token': async () => tokenRing.verify(await signer.sign(user, { now: 0 }), 'id'),
    'a cloned token key': () => structuredClone({ signer }),
    'a serialized token keyring': () => serialize([tokenRing]),
  };
  for (const [what, provoke] of Object.entries(provocations)) {
    errors.set(`${entry}: ${what}`, provoke);
  }
}

const inspections = {
  String,
  template: (it) => `${[it]}`,
  inspect: (it) => inspect(it),
  'inspect everything': (it) => inspect({ it }, EVERYTHING),
  'inspect without its leave': (it) =>
    inspect(it, { ...EVERYTHING, customInspect: false, getters: true, showProxy: true }),
  format: (it) => format('%s %o %O %j %d', it, it, it, it, it),
  JSON: (it) => JSON.stringify({ it }),
  'own properties': (it) =>
    inspect(Reflect.ownKeys(it).map((key) => Object.getOwnPropertyDescriptor(it, key))),
  spread: (it) => inspect({ ...it }, EVERYTHING),
  clone: (it) => inspect(structuredClone(it), EVERYTHING),
  serialize: (it) => serialize(it).toString('latin1'),
};

const shownErrors = {
  String,
  stack: (error) => error.stack,
  inspect: (error) => inspect(error),
  'inspect everything': (error) => inspect(error, EVERYTHING),
  'own properties': (error) =>
    Reflect.ownKeys(error).map((key) => `${String(key)}: ${inspect(error[key], EVERYTHING)}`),
  JSON: (error) => JSON.stringify(error, Object.getOwnPropertyNames(error)),
  cause: (error) => inspect([error.message, error.cause], EVERYTHING),
  format: (error) => format('%s %o %O %j', error, error, error, { ...error, stack: error.stack }),
  clone: (error) => inspect(structuredClone(error), EVERYTHING),
  serialize: (error) => serialize(error).toString('latin1'),
  report: (error) => JSON.stringify(process.report.getReport(error).javascriptStack),
};

function show(kind, what, ways, thing) {
  for (const [way, look] of Object.entries(ways)) {
    let shown;
    try {
      shown = look(thing);
    } catch (error) {
      shown = inspect(error, EVERYTHING);
    }
    console.log(
      JSON.stringify({ kind, what, way, shown: btoa(unescape(encodeURIComponent(shown))) }),
    );
  }
}

async function caught(what, provoke) {
  try {
    await provoke();
  } catch (error) {
    return error;
  }
  throw new Error(`an error was to be provoked, and nothing was thrown: ${what}`);
}

function plant() {
  throw new PlantedError();
}

if (mode === undefined) {
  for (const [what, provoke] of errors) {
    show('error', what, shownErrors, await caught(what, provoke));
  }
  for (const [what, holder] of holders) {
    show('inspection', what, inspections, holder);
  }
  show('planted', 'error', shownErrors, await caught('planted', plant));
  show('planted', 'object', inspections, new Planted());
} else if (number === undefined) {
  console.log(errors.size);
} else {
  const provoke = number === 'planted' ? plant : [...errors.values()][number];
  // Outside of any promise, as an exception that nobody catches.
  setImmediate(provoke);
}
