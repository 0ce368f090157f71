// The script of docs/playground.md: asks the WebAssembly module, and shows its answers.

/** Seconds since the epoch. */
const now = () => Math.floor(Date.now() / 1000);

const randomHex = (bytes) =>
  [...crypto.getRandomValues(new Uint8Array(bytes))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');

/** A function that asks the module a question and gives its answer. */
async function load(url) {
  const response = await fetch(url);
  if (!response.ok) {
    throw new Error(`${url} is not there (${response.status}); \`make docs\` builds it`);
  }
  const module = await WebAssembly.instantiate(await response.arrayBuffer());
  const { memory, prepare, answer, answer_length: length } = module.instance.exports;
  return (question) => {
    const bytes = new TextEncoder().encode(JSON.stringify(question));
    const start = prepare(bytes.length);
    // The memory may have grown, and then has another buffer.
    new Uint8Array(memory.buffer).set(bytes, start);
    const end = answer();
    return JSON.parse(new TextDecoder().decode(new Uint8Array(memory.buffer, end, length())));
  };
}

/** The claims of a token that was made here, indented. */
function claimsOf(token) {
  const payload = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
  const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
  return JSON.stringify(JSON.parse(new TextDecoder().decode(bytes)), null, 2);
}

function paragraph(text, className = '') {
  const element = document.createElement('p');
  element.textContent = text;
  element.className = className;
  return element;
}

/** What doctor says of a proof, in its own words. */
function verdict({ error, matches, causes = [], hints = [] }, name) {
  if (error) {
    return [paragraph(error, 'no')];
  }
  const head = matches
    ? paragraph(`The ${name} matches.`, 'yes')
    : paragraph(
        causes.length
          ? `The ${name} does not match:`
          : `The ${name} does not match, by no usual mistake.`,
        'no',
      );
  const explained = causes.map(({ code, message, remedy }) =>
    paragraph(`${message} What to do: ${remedy} [${code}]`),
  );
  return [head, ...explained, ...hints.map((hint) => paragraph(hint))];
}

const form = document.getElementById('try');
const fields = form.elements;

function show(ask) {
  const { visitorId, secret, key, externalId, email, proof } = Object.fromEntries(
    new FormData(form),
  );
  const signed = ask({ ask: 'signHmac', secret, visitorId });
  fields.hmac.value = signed.hmac ?? signed.error;
  const made = ask({ ask: 'signToken', key, visitorId, externalId, email, now: now() });
  fields.token.value = made.token ?? made.error;
  fields.claims.value = made.token ? claimsOf(made.token) : '';

  const isToken = proof.includes('.');
  const answer = isToken
    ? ask({ ask: 'checkToken', key, secret, visitorId, token: proof, now: now() })
    : ask({ ask: 'checkHmac', secret, visitorId, hmac: proof });
  const shown = proof === '' ? [] : verdict(answer, isToken ? 'token' : 'hmac');
  document.getElementById('verdict').replaceChildren(...shown);
}

try {
  const ask = await load('playground.wasm');
  fields.visitorId.value = crypto.randomUUID();
  fields.secret.value = randomHex(32);
  fields.key.value = `itk_${randomHex(4)}_${randomHex(32)}`;
  form.addEventListener('input', () => show(ask));
  form.addEventListener('submit', (event) => event.preventDefault());
  show(ask);
} catch (error) {
  const broken = document.getElementById('broken');
  broken.textContent = `The playground does not run: ${error.message}`;
  broken.hidden = false;
}
