// What the page shows.

const $ = (id) => document.getElementById(id);

/** What may go well the next time. */
const TRANSIENT = ['network_error', 'offline', 'rate_limited', 'timeout', 'unavailable'];

/** How the chat meets its visitor. */
const MANNERS = {
  anonymous: { badge: 'Anonymous', greet: () => 'Hello! How can we help?' },
  believed: {
    badge: 'Unverified',
    greet: (name) => `Hello ${name}, good to see you again. How can we help?`,
  },
  unverified: {
    badge: 'Unverified',
    greet: (name) => `Hello. You say you are ${name}, but we cannot know.`,
  },
  verified: {
    badge: 'Verified',
    greet: (name) => `Hello ${name}, good to see you again. How can we help?`,
  },
};

/** The rows of the record by the attribute that they show. */
const ROWS = [
  ['record-name', 'name'],
  ['record-email', 'email'],
  ['record-external-id', 'externalId'],
  ['record-metadata', 'metadata'],
];

/** Whether an attribute is verified; of metadata, whether every key is. */
function isVerified(identity, attribute) {
  const verified = identity?.verifiedAttributes ?? [];
  const keys = Object.keys((attribute === 'metadata' && identity?.metadata) || {});
  const names = keys.length > 0 ? keys.map((key) => `metadata.${key}`) : [attribute];
  return names.every((name) => verified.includes(name));
}

/** What the shop has vouched for. */
function describeVerified({ hmacVerified, verifiedAttributes }) {
  if (verifiedAttributes.length > 0) return verifiedAttributes.join(', ');
  return hmacVerified ? 'the visitor id alone' : 'nothing';
}

function markVerified(id, isVerified) {
  $(id).dataset.verified = isVerified ? 'yes' : 'no';
}

function mannersOf(identity, verification) {
  if (!identity) return 'anonymous';
  if (identity.hmacVerified || identity.verifiedAttributes.length > 0) return 'verified';
  return verification === 'off' ? 'believed' : 'unverified';
}

/** Shows the customer, what the chat knows, and the last call to it. Each of them may be missing. */
export function render({ customer, identity, exchange, verification }) {
  showCounter(customer);
  show('visitor-id', getSdkApi().getConversation()?.visitorId);
  show('record-name', identity?.name);
  show('record-email', identity?.email);
  show('record-external-id', identity?.externalId);
  show('record-metadata', identity?.metadata && toText(identity.metadata));
  show('record-verified', identity && describeVerified(identity));
  for (const [row, attribute] of ROWS) markVerified(row, isVerified(identity, attribute));

  const manners = mannersOf(identity, verification);
  $('badge').dataset.state = manners === 'believed' ? 'unverified' : manners;
  show('badge', MANNERS[manners].badge);
  show('greeting', MANNERS[manners].greet(identity?.name));

  show('sent', exchange && `identify(${toText(exchange.sent, shorten)})`);
  show('answered', exchange && toText(exchange.answered));

  $('demo').hidden = verification === undefined;
  for (const input of document.querySelectorAll('[name=verification]')) {
    input.checked = input.value === verification;
  }
}

/** The log-in, or the account. The focus does not stay in what goes away. */
function showCounter(customer) {
  const [shown, gone] = customer ? ['account', 'login'] : ['login', 'account'];
  const hadFocus = $(gone).contains(document.activeElement);
  show('account-name', customer?.name);
  show('account-plan', customer?.plan);
  $(shown).hidden = false;
  $(gone).hidden = true;
  if (hadFocus) $(`${shown}-title`).focus();
}

/** Says how an action goes: `busy`, `done`, or `failed` with the error's code. */
export function tell(kind, message, code = '') {
  const retry = $('retry');
  const hadFocus = document.activeElement === retry;
  retry.hidden = !TRANSIENT.includes(code);
  if (hadFocus) $('status').focus(); // Where the answer will stand.
  $('status').textContent = message;
  $('status').dataset.kind = kind;
  $('status').dataset.code = code;
}

/** Says why nobody was logged in; nothing before the next attempt. */
export function tellLogIn(message) {
  $('login-error').textContent = message;
}

function toText(value, replace = null) {
  return JSON.stringify(value, replace, 2);
}

/** A token has hundreds of characters. */
function shorten(name, value) {
  return name === 'token' ? `${value.slice(0, 24)}…` : value;
}

function show(id, text) {
  $(id).textContent = text ?? '–';
}
