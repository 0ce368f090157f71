// The page's side of it: have the shop sign the visitor id, hand the signature to the chat, and
// show what comes of it.

const $ = (id) => document.getElementById(id);

/** How the service says that it does not believe a claim. */
const REFUSALS = ['hmac_required', 'hmac_verification_failed'];
/** What may go well the next time. */
const TRANSIENT = [
  'network_error',
  'offline',
  'rate_limited',
  'timeout',
  'unavailable',
  'visitor_changed',
];
/** Whom an impostor would like to be. */
const JANE = {
  id: 'user_123',
  name: 'Jane Doe',
  email: 'jane@example.com',
  plan: 'premium',
  signupDate: '2025-01-15',
};

/** How the chat meets its visitor. */
const MANNERS = {
  anonymous: { badge: 'Anonymous', greet: () => 'Hello, whoever you are. How can we help?' },
  unverified: {
    badge: 'Unverified',
    greet: (name) => `Hello. You say you are ${name}, but we cannot know.`,
  },
  verified: {
    badge: 'Verified',
    greet: (name) => `Hello ${name}, good to see you again. How can we help?`,
  },
};

/** Who is logged in at the shop, or null. */
let customer = null;
/** What the chat knows about the visitor, or null. */
let identity = null;
/** What the retry button runs. */
let lastAction = start;
let busy = false;
/** Whether another tab has changed the visitor meanwhile. */
let outdated = false;

/** Resumes the visitor, or makes one. Once the chat is open it asks for nothing. */
async function openChat() {
  const { organizationKey, identityServerUrl } = await askShop('/api/config');
  return getSdkApi().init({ organizationKey, serverUrl: identityServerUrl });
}

async function start() {
  customer = await askShop('/api/me').catch((error) => {
    if (error.code !== 401) throw error;
    return null;
  });
  await openChat();
  identity = await getSdkApi().getIdentity();
  return identity ? 'The chat remembers its visitor.' : 'The chat is open.';
}

async function identify() {
  const { visitorId } = await openChat();
  const { hmac } = await askShop(`/api/chat-identity?visitorId=${encodeURIComponent(visitorId)}`);
  customer = await askShop('/api/me'); // Another tab may have logged in somebody else.
  return send({ ...claimToBe(customer), hmac });
}

async function identifyUnsigned() {
  await openChat();
  return send(claimToBe(customer ?? JANE));
}

async function identifyForged() {
  await openChat();
  const hmac = 'f0'.repeat(32); // Well formed, but made without the secret.
  return send({ ...claimToBe(customer ?? JANE), hmac });
}

async function logOut() {
  await askShop('/api/logout', {});
  customer = null;
  identity = null;
  render();
  $('login-title').focus();
  // A new visitor, so that whoever comes next does not inherit this one's identity.
  await openChat();
  await getSdkApi().reset();
  return 'You are logged out, and the chat has a new visitor.';
}

function claimToBe({ id, name, email, plan, signupDate }) {
  return { name, email, externalId: id, metadata: { plan, signupDate } };
}

async function send(claim) {
  identity = await getSdkApi().identify(claim);
  return identity.hmacVerified
    ? 'Verified: the shop has signed this visitor id.'
    : 'Not verified: anybody could have said this.';
}

/** The shop's answer to a GET or, with a body, to a POST. Rejects with the problem's detail. */
async function askShop(path, body) {
  const headers = { 'Content-Type': 'application/json' };
  const post = body && { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await fetch(path, post).catch(() => {
    throw failure('network_error', 'Network error: the shop cannot be reached');
  });
  if (response.status === 204) return null;
  const answer = await response.json();
  if (!response.ok) throw failure(response.status, `The shop says: ${answer.detail}`);
  return answer;
}

function failure(code, message) {
  return Object.assign(new Error(message), { code });
}

/** Runs one action at a time, and says how it went. */
async function run(action) {
  if (busy) return;
  busy = true;
  lastAction = action;
  tell('busy', 'One moment…');
  try {
    tell('done', await action());
  } catch (error) {
    if (error.code === 401) customer = null; // The session has ended.
    const message = REFUSALS.includes(error.code) ? `Refused: ${error.message}` : error.message;
    tell('failed', message, error.code);
  }
  busy = false;
  render();
  if (outdated) catchUp();
}

/** Another tab has logged out, or made the visitor: what is known of the old one goes at once. */
function catchUp() {
  identity = null;
  render();
  outdated = busy;
  run(start);
}

function tell(kind, message, code = '') {
  const retry = $('retry');
  if (document.activeElement === retry) $('status').focus(); // Where the answer will stand.
  retry.hidden = !TRANSIENT.includes(code);
  $('status').textContent = message;
  $('status').dataset.kind = kind;
  $('status').dataset.code = code;
}

function render() {
  $('login').hidden = customer !== null;
  $('account').hidden = customer === null;
  show('account-name', customer?.name);
  show('account-plan', customer?.plan);

  show('visitor-id', getSdkApi().getConversation()?.visitorId);
  show('record-name', identity?.name);
  show('record-email', identity?.email);
  show('record-external-id', identity?.externalId);
  show('record-metadata', identity?.metadata && JSON.stringify(identity.metadata, null, 2));
  show('record-verified', identity && (identity.hmacVerified ? 'yes' : 'no'));

  const state = identity ? (identity.hmacVerified ? 'verified' : 'unverified') : 'anonymous';
  const { badge, greet } = MANNERS[state];
  $('badge').dataset.state = state;
  show('badge', badge);
  show('greeting', greet(identity?.name));
}

function show(id, text) {
  $(id).textContent = text ?? '–';
}

$('login-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  $('login-error').textContent = '';
  try {
    customer = await askShop('/api/login', {
      email: $('email').value,
      password: $('password').value,
    });
  } catch (error) {
    $('login-error').textContent = error.message;
    return;
  }
  event.target.reset();
  render();
  $('account-title').focus();
});

for (const id of ['fill-jane', 'fill-zoe']) {
  $(id).addEventListener('click', ({ currentTarget: { dataset } }) => {
    $('email').value = dataset.email;
    $('password').value = dataset.password;
    $('login-button').focus();
  });
}

$('identify').addEventListener('click', () => run(identify));
$('identify-unsigned').addEventListener('click', () => run(identifyUnsigned));
$('identify-forged').addEventListener('click', () => run(identifyForged));
$('logout-button').addEventListener('click', () => run(logOut));
$('retry').addEventListener('click', () => run(lastAction));
addEventListener('storage', catchUp);

run(start);
