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
  const { generateIdentityHmac, verifyIdentityHmac, IdentityKey, Keyring } = createRequire(
    join(process.cwd(), 'package.json'),
  )(specifier);

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
  };
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
