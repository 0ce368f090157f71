// What happens when: the page's one state, the actions that change it, and the events that begin
// them. One action runs at a time. A new one ends the one before, so that nobody waits for what
// hangs, and no late answer is shown.

import { describe, forgetVisitor, identifyBySignedId, identifyByToken, openChat } from './chat.js';
import { claim, forgedClaim, otherCustomer, unsignedClaim } from './cheat.js';
import { askShop, failure, readCustomer } from './shop.js';
import { changeVerification, readVerification } from './verification.js';
import { render, tell, tellLogIn } from './view.js';

const $ = (id) => document.getElementById(id);
const chat = getSdkApi();

/** How the service says that it does not believe a claim. */
const REFUSALS = ['hmac_required', 'hmac_verification_failed', 'identity_token_invalid'];
/** Another tab was faster. */
const OVERTAKEN = ['customer_changed', 'visitor_changed'];

const NOBODY = { customer: null, identity: null, exchange: null };
const state = { ...NOBODY, verification: undefined };

/** How the shop vouches for its customers: by `token` or by `hmac`. */
const proof = () => document.querySelector('[name=proof]:checked').value;

let underWay = new AbortController();
let action = catchUp;
let busy = false;
/** The shop's other tabs: `in` if somebody has logged in here, `out` if nobody is logged in. */
const tabs = new BroadcastChannel('corner-shop');

/** Runs an action, which returns how it went. */
async function run(next) {
  underWay.abort();
  underWay = new AbortController();
  const { signal } = underWay;
  action = next;
  busy = true;
  tell('busy', 'One moment…');
  try {
    const message = await next(signal);
    update(signal, {});
    busy = false;
    tell('done', message);
  } catch (error) {
    if (signal.aborted) return;
    busy = false;
    fail(error.cause ?? error); // The cause, where the shop did not sign.
  }
}

function fail({ code, message }) {
  if (code === 401 && state.customer) return run(endSession);
  if (OVERTAKEN.includes(code)) return run(catchUp);
  render(state);
  tell('failed', message, code);
}

/** Changes what is shown, unless another action has begun. */
function update(signal, changes) {
  signal.throwIfAborted();
  Object.assign(state, changes);
  render(state);
}

/** Shows who is logged in, and nothing that the chat knew of anybody else. */
function showCustomer(signal, customer) {
  const isSame = customer?.id === state.customer?.id;
  update(signal, isSame ? { customer } : { ...NOBODY, customer });
}

/** Finds out who is logged in, and has the chat know that customer or nobody. */
async function catchUp(signal) {
  const customer = await readCustomer(signal);
  showCustomer(signal, customer);
  update(signal, { verification: await readVerification(signal) });
  await openChat(signal);
  const identity = await chat.getIdentity({ signal });
  const isCustomers = identity?.externalId === customer?.id && identity?.hmacVerified;
  if (customer && !isCustomers) return identify(signal);
  if (!customer && identity && identity.id !== state.identity?.id) {
    await forgetVisitor(signal);
    return 'Nobody is logged in any more, and the chat has a new visitor.';
  }
  update(signal, { identity });
  return identity ? 'The chat remembers its visitor.' : 'The chat is open.';
}

async function logIn(signal) {
  const credentials = { email: $('email').value, password: $('password').value };
  tellLogIn('');
  try {
    showCustomer(signal, await askShop('/api/login', signal, credentials));
  } catch (error) {
    signal.throwIfAborted();
    tellLogIn(error.message);
    return 'Nobody is logged in.';
  }
  $('login-form').reset();
  tabs.postMessage('in');
  return run(identify);
}

async function identify(signal) {
  const before = state.identity;
  const customer = await askShop('/api/me', signal); // Another tab may have logged in somebody else.
  showCustomer(signal, customer);
  const isOthers = before?.externalId && before.externalId !== customer.id;
  if (isOthers) await forgetVisitor(signal);
  const ofToken = proof() === 'token';
  const sent = {};
  const prepared = (params) => Object.assign(sent, params);
  const ask = ofToken ? identifyByToken : identifyBySignedId;
  const identity = await showExchange(signal, sent, ask(customer, signal, prepared));
  if (!identity.hmacVerified) {
    return 'Accepted, but not verified: verification is off, so the chat looks at no signature.';
  }
  return ofToken
    ? 'Verified: the shop has signed who this visitor is.'
    : 'Verified: the shop has signed this visitor id.';
}

/** Forgets at once, and has the shop and the chat forget. */
async function logOut(signal) {
  update(signal, NOBODY);
  tabs.postMessage('out');
  const asked = [askShop('/api/logout', signal, {}), forgetVisitor(signal)];
  for (const { reason } of await Promise.allSettled(asked)) if (reason) throw reason;
  tabs.postMessage('out');
  // Before the session had ended another tab may have identified the new visitor.
  if (await chat.getIdentity({ signal })) await forgetVisitor(signal);
  return 'You are logged out, and the chat has a new visitor.';
}

/** The shop has said that nobody is logged in. */
async function endSession(signal) {
  update(signal, NOBODY);
  tabs.postMessage('out');
  await forgetVisitor(signal);
  return 'Your session has ended, and the chat has a new visitor. Please log in again.';
}

/** Another tab has said so. It does not ask the shop, where the session may be about to end. */
async function follow(signal) {
  update(signal, NOBODY);
  await openChat(signal);
  if (await chat.getIdentity({ signal })) await forgetVisitor(signal);
  return 'The chat is open.';
}

/** Makes a claim that the shop has not signed. */
async function cheat(signal, claimOf) {
  const customer = await readCustomer(signal);
  if (customer?.id !== state.customer?.id) return catchUp(signal);
  update(signal, { verification: await readVerification(signal) });
  await openChat(signal);
  const before = await chat.getIdentity({ signal });
  const sent = claimOf(customer, proof(), chat.getConversation()?.visitorId);
  try {
    const identity = await showExchange(signal, sent, claim(sent, signal));
    if (identity.ignored.length > 0) return tellIgnored(identity);
    if (sent.token) return 'Accepted, but the chat does not believe the token, and knows no more.';
    return state.verification === 'off'
      ? `Accepted: verification is off, so the chat now takes you for ${identity.name}.`
      : 'Accepted, but not verified: with verification required this would be refused.';
  } catch (error) {
    if (!REFUSALS.includes(error.code)) throw error;
    const identity = await chat.getIdentity({ signal });
    update(signal, { identity });
    throw failure(error.code, `Refused: ${error.message}. ${compare(before, identity)}`);
  }
}

function compare(before, after) {
  if (JSON.stringify(after) !== JSON.stringify(before)) return 'But the record has changed!';
  return after ? 'The record is unchanged.' : 'There is still no record.';
}

/** Says that the customer is somebody else, beside what the shop has truly signed. */
async function claimToBeAnother(signal) {
  const customer = await askShop('/api/me', signal);
  if (customer.id !== state.customer?.id) return catchUp(signal);
  const other = otherCustomer(customer);
  const sent = {};
  const prepared = (params) => Object.assign(sent, params);
  const ask = proof() === 'token' ? identifyByToken : identifyBySignedId;
  const asked = ask(customer, signal, prepared, describe(other));
  const identity = await showExchange(signal, sent, asked);
  if (identity.ignored.length > 0) return tellIgnored(identity);
  return `Accepted: an hmac is good for any data, so the chat now takes you for ${identity.name}.`;
}

function tellIgnored({ ignored, name }) {
  const attributes = ignored.map(({ attribute }) => attribute).join(', ');
  return `Ignored: ${attributes}. The shop has signed that you are ${name}.`;
}

const cheatUnsigned = (signal) => cheat(signal, unsignedClaim);
const cheatForged = (signal) => cheat(signal, forgedClaim);

/** Shows what the chat was asked, and what it has answered. */
async function showExchange(signal, sent, asked) {
  try {
    const identity = await asked;
    update(signal, { identity, exchange: { sent, answered: identity } });
    return identity;
  } catch (error) {
    const { code, message } = error;
    if (!error.cause) update(signal, { exchange: { sent, answered: { code, message } } });
    throw error;
  }
}

async function setVerification(signal) {
  const { value } = document.querySelector('[name=verification]:checked');
  update(signal, { verification: await changeVerification(value, signal) });
  return `Verification is now: ${state.verification}.`;
}

/** Finds out whether the page still shows who is logged in. If so, what is under way goes on. */
async function check() {
  const { customer } = state;
  const found = await readCustomer(AbortSignal.timeout(10_000)).catch(() => customer);
  const isNew = found?.id !== customer?.id && customer === state.customer;
  if (isNew && !isLeaving()) run(catchUp);
}

function isLeaving() {
  return busy && [logOut, endSession, follow].includes(action);
}

$('login-form').addEventListener('submit', (event) => {
  event.preventDefault();
  run(logIn);
});

for (const id of ['fill-jane', 'fill-zoe']) {
  $(id).addEventListener('click', ({ currentTarget: { dataset } }) => {
    $('email').value = dataset.email;
    $('password').value = dataset.password;
    $('login-button').focus();
  });
}

$('identify').addEventListener('click', () => run(identify));
$('identify-unsigned').addEventListener('click', () => run(cheatUnsigned));
$('identify-forged').addEventListener('click', () => run(cheatForged));
$('claim-another').addEventListener('click', () => run(claimToBeAnother));
$('logout-button').addEventListener('click', () => run(logOut));
$('retry').addEventListener('click', () => run(action));
$('verification').addEventListener('change', () => run(setVerification));

tabs.addEventListener('message', ({ data }) => {
  if (data === 'in') run(catchUp);
  else if (!isLeaving()) run(follow);
});

// Another visitor, here or in another tab: what is known of the one before goes at once.
chat.subscribe((conversation) => {
  if (state.identity?.anonymousUserId !== conversation?.visitorId) state.identity = null;
  render(state);
  if (state.customer && !busy) run(catchUp);
});

document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') check();
});

// A page from the back-forward cache has missed everything since.
addEventListener('pageshow', ({ persisted }) => {
  if (!persisted) return;
  Object.assign(state, NOBODY);
  render(state);
  run(catchUp);
});

run(catchUp);
