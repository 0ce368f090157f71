// The demo's switch, which asks nobody who they are.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { VerificationSwitch } from '../../scripts/verification-switch.mjs';

const PAGE = 'http://127.0.0.1:3000';

describe('the switch', () => {
  const changes = [];
  const demoSwitch = new VerificationSwitch('required', async (mode) => {
    if (mode === 'observe') throw new Error('the database is away');
    changes.push(mode);
  });
  let url;
  before(async () => {
    url = await demoSwitch.listen();
  });
  after(() => demoSwitch.close());

  const ask = (Origin, method, body) =>
    fetch(url, { method, body, headers: Origin ? { Origin } : {} });
  const put = (Origin, verification) => ask(Origin, 'PUT', JSON.stringify({ verification }));

  it('answers nobody before it knows the page', async () => {
    for (const origin of [undefined, 'null', PAGE]) {
      assert.equal((await ask(origin, 'GET')).status, 403);
      assert.equal((await put(origin, 'off')).status, 403);
    }
    demoSwitch.allowedOrigins = [PAGE];
  });

  it('answers the page, and no other', async () => {
    for (const origin of [undefined, 'null', 'http://localhost:3000', 'http://127.0.0.1:30000']) {
      for (const method of ['GET', 'OPTIONS', 'POST']) {
        const response = await ask(origin, method);
        assert.equal(response.status, 403);
        assert.equal(response.headers.get('Access-Control-Allow-Origin'), null);
      }
      assert.equal((await put(origin, 'off')).status, 403);
    }
    const response = await ask(PAGE, 'GET');
    assert.equal(response.headers.get('Access-Control-Allow-Origin'), PAGE);
    assert.deepEqual(await response.json(), { verification: 'required' });
    assert.deepEqual(changes, []);
  });

  it('takes the three modes and nothing else', async () => {
    for (const body of [
      '',
      '{',
      'null',
      '{}',
      '"off"',
      '{"verification":"OFF"}',
      ' '.repeat(2000),
    ]) {
      assert.equal((await ask(PAGE, 'PUT', body)).status, 400, body);
    }
    assert.deepEqual(await (await put(PAGE, 'off')).json(), { verification: 'off' });
    assert.deepEqual(await (await ask(PAGE, 'GET')).json(), { verification: 'off' });
    assert.deepEqual(changes, ['off']);
  });

  it('does not claim what the service has not done', async (t) => {
    t.mock.method(console, 'error', () => {});
    assert.equal((await put(PAGE, 'observe')).status, 500);
    assert.deepEqual(await (await ask(PAGE, 'GET')).json(), { verification: 'off' });
  });
});
