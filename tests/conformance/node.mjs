// Signs and verifies the conformance cases in Node, and prints what came out.
//
//     node.mjs FOLDER identity-hmac             with the installed package
//     node.mjs FOLDER identity-hmac/webcrypto   with its entry on WebCrypto
//     node.mjs FOLDER stdlib                    with node:crypto, the way the document does it
//
// The package is looked up from the working directory, where it is installed.

import { createHash, createHmac } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isDeepStrictEqual } from 'node:util';

const [folder, implementation] = process.argv.slice(2);

async function* cases(name) {
  for await (const line of createInterface({ input: createReadStream(join(folder, name)) })) {
    const fields = Object.entries(JSON.parse(line));
    yield Object.fromEntries(
      fields.map(([field, value]) =>
        field.endsWith('_hex') ? [field.slice(0, -4), Buffer.from(value, 'hex')] : [field, value],
      ),
    );
  }
}

/** The SHA-256 of all signatures, each followed by a line feed. */
async function digest(name, sign) {
  const everything = createHash('sha256');
  for await (const { visitor_id, secret } of cases(name)) {
    everything.update(`${await sign(visitor_id, secret)}\n`);
  }
  return everything.digest('hex');
}

async function withPackage(specifier) {
  const installed = createRequire(join(process.cwd(), 'package.json'))(specifier);
  const { generateIdentityHmac, verifyIdentityHmac, IdentityKey, Keyring } = installed;

  let asked = 0;
  const wrong = [];
  for await (const { visitor_id, hmac, secret, accepted } of cases('malformed.jsonl')) {
    let answers;
    try {
      answers = await Promise.all([
        verifyIdentityHmac(visitor_id, hmac, secret),
        new IdentityKey(secret).verify(visitor_id, hmac),
        new Keyring(secret).verify(visitor_id, hmac),
        new Keyring('other', secret).matched(visitor_id, hmac),
      ]);
      answers[3] = answers[3] === 'previous';
    } catch (error) {
      answers = [error];
    }
    if (!answers.every((answer) => answer === accepted)) wrong.push(asked);
    asked += 1;
  }
  return {
    lines: await digest('lines.jsonl', (visitorId, secret) =>
      new IdentityKey(secret).sign(visitorId),
    ),
    raw: await digest('raw.jsonl', generateIdentityHmac),
    malformed: { asked, wrong },
    ...(await withTokens(installed)),
  };
}

/** Signs every case, and verifies the same claims in a token that node:crypto signed. */
async function withTokens({ IdentityHmacError, IdentityTokenKey, IdentityTokenKeyring }) {
  const everything = createHash('sha256');
  const wrong = [];
  let asked = 0;
  let number = 0;
  for await (const { key, ...given } of cases('tokens.jsonl')) {
    let answer;
    try {
      answer = await new IdentityTokenKey(key).sign(...toSign(given));
      asked += 1;
      const keyring = new IdentityTokenKeyring(key, undefined, { maxLifetime: 86_400 });
      if (!(await isReadAsGiven(keyring, key, given))) wrong.push(number);
    } catch (error) {
      if (!(error instanceof IdentityHmacError)) throw error;
      answer ??= error.code;
      if (answer !== error.code) wrong.push(number);
    }
    everything.update(`${answer}\n`);
    number += 1;
  }
  return { tokens: everything.digest('hex'), 'verified tokens': { asked, wrong } };
}

function toSign({ visitor_id, external_id, expires_in, audience, now, ...attributes }) {
  const claims = { visitorId: visitor_id, externalId: external_id, ...attributes };
  return [claims, { expiresIn: expires_in, audience, now }];
}

async function isReadAsGiven(keyring, key, given) {
  const { visitor_id, external_id, expires_in = 300, audience, now, ...attributes } = given;
  const ids = { sub: external_id, visitorId: visitor_id };
  const payload = { ...ids, iat: now, exp: now + expires_in, aud: audience, ...attributes };
  const claims = await keyring.verify(tokenByHand(key, payload), visitor_id, { audience, now });
  return isDeepStrictEqual(claims, {
    visitorId: visitor_id,
    externalId: external_id,
    ...attributes,
    issuedAt: now,
    expiresAt: now + expires_in,
    keyId: key.slice(4, 12),
  });
}

/** A JSON Web Token as RFC 7515 has it. */
function tokenByHand(key, payload) {
  const header = { alg: 'HS256', typ: 'JWT', kid: key.slice(4, 12) };
  const encode = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const signed = `${encode(header)}.${encode(payload)}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

async function withStdlib() {
  const documented = (visitorId, secret) =>
    createHmac('sha256', secret).update(visitorId).digest('hex');
  return {
    lines: await digest('lines.jsonl', documented),
    raw: await digest('raw.jsonl', documented),
  };
}

const result = await (implementation === 'stdlib' ? withStdlib() : withPackage(implementation));
console.log(JSON.stringify(result));
