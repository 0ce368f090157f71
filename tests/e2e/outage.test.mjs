// A service that is away, or does not answer, and comes back.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { setStage } from './stage.mjs';
import { JANE, NOBODY, Tab, VERIFIED, VERIFIED_JANE } from './tab.mjs';

/** Three times the client's patience of 10 s, and its pauses. */
const GIVES_UP_AFTER = 40_000;

describe('a service', () => {
  const stage = setStage();
  let shop;
  let networkError;
  before(async () => {
    shop = await stage.openShop('axum');
    networkError = `Network error: ${stage.service.url} cannot be reached: check serverUrl; an https page needs https`;
  });

  const open = async (t) => Tab.open(await stage.newContext(t), shop);

  /** The visitor ids of all records. */
  const identified = async () =>
    (await stage.service.identities(shop.organization)).map((record) => record.anonymousUserId);

  it('that is away when the page opens is told, and tried again when it is back', async (t) => {
    await stage.service.stop();
    const tab = await open(t);
    await tab.hears(networkError);
    assert.deepEqual(await tab.shown(), NOBODY);

    await stage.service.start();
    await tab.press('Try again');
    await tab.hears('The chat is open.');
    assert.match(await tab.visitorId(), /^[0-9a-f-]{36}$/);
    assert.equal(await tab.page.getByRole('button', { name: 'Try again' }).count(), 0);
  });

  it('that goes away loses neither the visitor nor the record', async (t) => {
    const tab = await open(t);
    const visitorId = await tab.visitorId();
    await tab.logIn(JANE);
    await stage.service.stop();
    await tab.press('Identify me');
    await tab.hears(networkError);
    assert.deepEqual(await tab.shown(), VERIFIED_JANE);
    await tab.reload();
    await tab.hears(networkError);
    assert.deepEqual(await tab.shown(), NOBODY);

    await stage.service.start();
    await tab.press('Try again');
    await tab.hears('The chat remembers its visitor.');
    assert.equal(await tab.visitorId(), visitorId);
    assert.deepEqual(await tab.shown(), VERIFIED_JANE);

    await stage.service.stop();
    await stage.service.start();
    await tab.reload();
    await tab.hears('The chat remembers its visitor.');
    assert.deepEqual(await tab.shown(), VERIFIED_JANE);
  });

  it('that is away at log-out does not keep the visitor', async (t) => {
    const tab = await open(t);
    await tab.logIn(JANE);
    const visitorId = await tab.visitorId();
    await stage.service.stop();
    await tab.press('Log out');
    await tab.hears(networkError);
    assert.deepEqual(await tab.shown(), NOBODY);

    await stage.service.start();
    await tab.reload();
    await tab.hears('The chat is open.');
    assert.notEqual(await tab.visitorId(), visitorId);
    assert.deepEqual(await tab.shown(), NOBODY);
  });

  it('that hangs is given up, and what it was asked three times over it does once', async (t) => {
    const tab = await open(t);
    const visitorId = await tab.visitorId();
    await tab.logIn(JANE);
    const before = await identified();

    stage.service.pause();
    t.after(() => stage.service.resume());
    const calls = [];
    tab.page.on('request', (request) => calls.push(request.url()));
    await tab.press('Identify me');
    const late = `Network error: ${stage.service.url} took longer than 10000 ms`;
    await tab.hears(late, { timeout: GIVES_UP_AFTER });
    assert.equal(calls.filter((url) => url.endsWith('/v1/identify')).length, 3);

    stage.service.resume();
    await tab.press('Try again');
    await tab.hears(VERIFIED);
    assert.equal(await tab.visitorId(), visitorId);
    assert.deepEqual(await identified(), before);
  });

  it('that hangs keeps nobody logged in', async (t) => {
    const tab = await open(t);
    await tab.logIn(JANE);
    const visitorId = await tab.visitorId();
    stage.service.pause();
    t.after(() => stage.service.resume());
    const call = tab.page.waitForRequest('**/v1/identify');
    await tab.press('Identify me');
    await call;
    await tab.press('Log out');
    await tab.page.getByRole('button', { name: 'Log in' }).waitFor();
    assert.deepEqual(await tab.shown(), NOBODY);

    stage.service.resume();
    await tab.hears('You are logged out, and the chat has a new visitor.');
    assert.notEqual(await tab.visitorId(), visitorId);
  });
});
