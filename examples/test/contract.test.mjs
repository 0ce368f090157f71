// One table of HTTP cases for all four backends: they differ in their language only.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Backend, NAMES } from './backends.mjs';

const SECRET = 's3cret';
const TOKEN_KEY = `itk_9f2c41aa_${'5'.repeat(64)}`;
const JANE = { email: 'jane@example.com', password: 'correct horse' };
const ZOE = { email: 'zoe@example.com', password: 'battery staple' };
const JANES_RECORD =
  '{"id":"user_123","name":"Jane Doe","email":"jane@example.com","plan":"premium","signupDate":"2025-01-15"}';
const ZOES_RECORD =
  '{"id":"user_456","name":"Zoë Brandt","email":"zoe@example.com","plan":"basic","signupDate":"2026-03-02"}';

const UNAUTHORIZED = '{"title":"Unauthorized","status":401,"detail":"log in first"}';
const WRONG_PASSWORD =
  '{"title":"Unauthorized","status":401,"detail":"the email or the password is wrong"}';
const NO_VISITOR_ID = '{"title":"Bad Request","status":400,"detail":"send one visitorId, a UUID"}';
const OTHER_SITE = '{"title":"Forbidden","status":403,"detail":"only pages of this site may ask"}';
const NOT_FOUND = '{"title":"Not Found","status":404,"detail":"there is nothing here"}';
const NOT_ALLOWED =
  '{"title":"Method Not Allowed","status":405,"detail":"the method is not allowed here"}';

/** The methods of every resource under /api. */
const API = {
  config: ['GET', 'HEAD'],
  login: ['POST'],
  logout: ['POST'],
  me: ['GET', 'HEAD'],
  'chat-identity': ['GET', 'HEAD'],
  'chat-token': ['GET', 'HEAD'],
};
/** What signs: the visitor id, and who the customer is. */
const SIGNING = ['chat-identity', 'chat-token'];
/** Those with the route of their language's package. It says 401 to nobody, whatever the method. */
const WITH_THE_PACKAGE_S_ROUTE = {
  axum: SIGNING,
  express: SIGNING,
  fastapi: SIGNING,
  sinatra: SIGNING,
};
const VISITOR = '01a20387-b4b6-7073-8d91-59e5222b4abb';

const PAGE = new URL('../page/', import.meta.url);
/** By how a path ends. */
const TYPES = {
  '.css': /^text\/css/,
  '.js': /^(text|application)\/javascript/,
  '.md': /^/, // The page's README. It is no secret.
  '.svg': /^image\/svg\+xml/,
  '': /^text\/html/,
};

const folder = mkdtempSync(join(tmpdir(), 'examples-'));
const browserClient = join(folder, 'client.js');
writeFileSync(browserClient, 'globalThis.getSdkApi = () => null;\n');
after(() => rmSync(folder, { recursive: true }));

const SETTINGS = {
  IDENTITY_SECRET: SECRET,
  IDENTITY_TOKEN_KEY: TOKEN_KEY,
  ORGANIZATION_KEY: 'pk_0123456789abcdef0123456789abcdef',
  IDENTITY_SERVER_URL: 'http://127.0.0.1:8080/chat',
  BROWSER_CLIENT: browserClient,
  PORT: '0',
};

for (const name of NAMES) {
  describe(name, { timeout: 240_000 }, () => {
    describe('that runs', () => {
      let backend;
      let origin;
      before(async () => {
        backend = new Backend(name, SETTINGS);
        origin = await backend.origin();
      });
      after(() => backend.end());

      async function ask(path, { json, cookie, ...init } = {}) {
        const headers = { ...init.headers };
        if (json !== undefined) headers['Content-Type'] ??= 'application/json';
        if (cookie !== undefined) headers.Cookie = cookie;
        const body = json === undefined ? init.body : JSON.stringify(json);
        const response = await fetch(origin + path, { ...init, headers, body });
        const text = await response.text();
        const everything = text + JSON.stringify([...response.headers]);
        for (const secret of [SECRET, TOKEN_KEY, TOKEN_KEY.slice(13)]) {
          assert(!everything.includes(secret), `${path} tells the secret`);
        }
        assert.equal(response.headers.get('X-Content-Type-Options'), 'nosniff', path);
        return { status: response.status, headers: response.headers, text };
      }

      const post = (path, json, options) => ask(path, { method: 'POST', json, ...options });

      /** Logs in; returns the session cookie as it is to be sent back. */
      async function logIn(who, options) {
        const { status, headers } = await post('/api/login', who, options);
        assert.equal(status, 200);
        const [cookie] = headers.getSetCookie();
        return cookie.split(';')[0];
      }

      const sign = (visitorId, cookie, route = 'chat-identity') =>
        ask(`/api/${route}?visitorId=${encodeURIComponent(visitorId)}`, { cookie });

      function isProblem({ status, headers, text }, expected) {
        assert.equal(text, expected);
        assert.equal(status, JSON.parse(expected).status);
        assert.match(headers.get('Content-Type'), /^application\/problem\+json(;|$)/);
      }

      /** What the page is made of, by path: its type and its content. */
      const FILES = Object.fromEntries([
        ...['', ...readdirSync(PAGE)].map((file) => {
          const [, type] = Object.entries(TYPES).find(([end]) => file.endsWith(end));
          return [`/${file}`, [type, readFileSync(new URL(file || 'index.html', PAGE), 'utf8')]];
        }),
        ['/identity-hmac-browser.js', [TYPES['.js'], readFileSync(browserClient, 'utf8')]],
      ]);

      it('serves the page and what it is made of, each as what it is', async () => {
        for (const [path, [type, content]] of Object.entries(FILES)) {
          const { status, headers, text } = await ask(path);
          assert.equal(status, 200, path);
          assert.match(headers.get('Content-Type'), type, path);
          assert.equal(text, content, path);
        }
      });

      it('answers HEAD as GET, without a body', async () => {
        const cookie = await logIn(JANE);
        for (const path of [
          ...Object.keys(FILES),
          '/nothing',
          '/api/config',
          '/api/me',
          '/api/nothing',
          '/api/chat-identity',
          '/api/chat-token',
          `/api/chat-identity?visitorId=${VISITOR}`,
          `/api/chat-token?visitorId=${VISITOR}`,
        ]) {
          for (const options of [{}, { cookie }]) {
            const got = await ask(path, options);
            const head = await ask(path, { ...options, method: 'HEAD' });
            assert.equal(head.status, got.status, path);
            assert.equal(head.text, '', path);
            for (const name of ['Content-Type', 'Content-Security-Policy', 'Cache-Control']) {
              assert.equal(head.headers.get(name), got.headers.get(name), `${path}: ${name}`);
            }
          }
        }
      });

      it('lets the page talk to itself and to the identity service, and load nothing else', async () => {
        for (const path of [...Object.keys(FILES), '/nothing', '/api/config', '/api/nothing']) {
          const { headers } = await ask(path);
          assert.equal(
            headers.get('Content-Security-Policy'),
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
              "connect-src 'self' http://127.0.0.1:8080; " +
              "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            path,
          );
        }
      });

      it('says in a problem document that there is nothing', async () => {
        const cookie = await logIn(JANE);
        for (const path of [
          '/nothing',
          '/api/',
          '/api/nothing',
          '/api/me/',
          '/api/ME',
          '/API/me',
          '/api/me/nothing',
          '/api/config.json',
          '/api/chat-identity/',
        ]) {
          for (const options of [{}, { cookie }]) isProblem(await ask(path, options), NOT_FOUND);
          if (!/^\/api\/./.test(path)) continue;
          for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
            const answer = await ask(path, { method, cookie });
            isProblem(answer, NOT_FOUND);
            assert.equal(answer.headers.get('Cache-Control'), 'no-store', path);
          }
        }
      });

      it('says in a problem document which methods it takes', async () => {
        const cookie = await logIn(JANE);
        for (const [resource, methods] of Object.entries(API)) {
          for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
            if (methods.includes(method)) continue;
            for (const options of [{}, { cookie }]) {
              const answer = await ask(`/api/${resource}`, { ...options, method });
              if (WITH_THE_PACKAGE_S_ROUTE[name].includes(resource) && !options.cookie) {
                isProblem(answer, UNAUTHORIZED);
                continue;
              }
              isProblem(answer, NOT_ALLOWED);
              assert.deepEqual(answer.headers.get('Allow')?.split(/, ?/).sort(), methods, resource);
              assert.equal(answer.headers.get('Cache-Control'), 'no-store');
            }
          }
        }
        assert.equal((await ask('/api/me', { cookie })).status, 200);
      });

      it('serves nothing from outside the page', async () => {
        for (const path of ['/../accounts.json', '/..%2faccounts.json', '/%2e%2e/accounts.json']) {
          const { status, text } = await ask(path);
          assert(status >= 400 && status < 500, `${path}: ${status}`);
          assert(!text.includes('passwordHash'));
        }
      });

      it('tells the page its organization and its service', async () => {
        const { status, headers, text } = await ask('/api/config');
        assert.equal(status, 200);
        assert.match(headers.get('Content-Type'), /^application\/json(;|$)/);
        assert.equal(
          text,
          '{"organizationKey":"pk_0123456789abcdef0123456789abcdef","identityServerUrl":"http://127.0.0.1:8080/chat"}',
        );
      });

      it('logs a customer in, and knows who it is from then on', async () => {
        const answer = await post('/api/login', ZOE);
        assert.equal(answer.status, 200);
        assert.equal(answer.text, ZOES_RECORD);
        assert.match(answer.headers.get('Content-Type'), /^application\/json(;|$)/);

        const cookie = await logIn(ZOE);
        const me = await ask('/api/me', { cookie });
        assert.equal(me.status, 200);
        assert.equal(me.text, ZOES_RECORD);
      });

      it('keeps the session cookie from scripts and from other sites', async () => {
        const { headers } = await post('/api/login', JANE);
        const cookies = headers.getSetCookie();
        assert.equal(cookies.length, 1);
        const [pair, ...attributes] = cookies[0].toLowerCase().split('; ');
        assert.match(pair, /^session=.{20,}/);
        assert.deepEqual(attributes.sort(), ['httponly', 'path=/', 'samesite=lax']);
      });

      it('gives a session to nobody who has not logged in', async () => {
        const answers = [
          ...(await Promise.all([...Object.keys(FILES), '/nothing'].map((path) => ask(path)))),
          ...(await Promise.all(Object.keys(API).map((name) => ask(`/api/${name}`)))),
          await ask('/api/me', { cookie: 'session=junk' }),
          await post('/api/login', { ...JANE, password: 'wrong' }),
          await post('/api/login', {}),
        ];
        const forgets = (cookie) => /^session=("")?;/.test(cookie);
        for (const { headers } of answers) assert(headers.getSetCookie().every(forgets));
      });

      it('sends the cookie once, and has the browser forget it at log-out', async () => {
        const cookie = await logIn(JANE);
        assert.deepEqual((await ask('/api/me', { cookie })).headers.getSetCookie(), []);
        const { headers } = await post('/api/logout', {}, { cookie });
        const [forgotten, ...others] = headers.getSetCookie();
        assert.deepEqual(others, []);
        const [pair, ...attributes] = forgotten.toLowerCase().split('; ');
        assert.match(pair, /^session=("")?$/);
        const ends = attributes.filter((text) => /^(max-age|expires)=/.test(text));
        assert(
          ends.every((text) => text === 'max-age=0' || Date.parse(text.slice(8)) < Date.now()) &&
            ends.length > 0,
          forgotten,
        );
        assert(attributes.includes('path=/'), forgotten);
      });

      it('keeps two customers apart', async () => {
        const [janes, zoes] = await Promise.all([logIn(JANE), logIn(ZOE)]);
        assert.equal((await ask('/api/me', { cookie: janes })).text, JANES_RECORD);
        assert.equal((await ask('/api/me', { cookie: zoes })).text, ZOES_RECORD);
      });

      it('refuses a wrong password and an unknown email alike', async () => {
        for (const wrong of [
          { ...JANE, password: 'battery staple' },
          { ...JANE, password: '' },
          { ...JANE, password: 'correct horse ' },
          { ...JANE, password: 'x'.repeat(10_000) },
          { ...JANE, password: 'correct horse\u{1f511}' },
          { ...JANE, email: 'nobody@example.com' },
          { ...JANE, email: '__proto__' },
          { ...JANE, email: '' },
        ]) {
          const answer = await post('/api/login', wrong);
          isProblem(answer, WRONG_PASSWORD);
          assert.equal(answer.headers.get('Cache-Control'), 'no-store');
          const cookie = answer.headers.getSetCookie()[0]?.split(';')[0];
          isProblem(await ask('/api/me', { cookie }), UNAUTHORIZED);
        }
      });

      it('takes an email and a password as JSON texts, and answers 400 to all else', async () => {
        for (const body of [
          '',
          '{',
          'null',
          '[]',
          '"jane@example.com"',
          '{}',
          '{"email":"jane@example.com"}',
          '{"email":"jane@example.com","password":null}',
          '{"email":["jane@example.com"],"password":"correct horse"}',
          '{"email":{"$ne":null},"password":{"$ne":null}}',
          '{"email":1,"password":true}',
          '['.repeat(15_000),
          Buffer.from([0x7b, 0xff, 0xfe]),
        ]) {
          const headers = { 'Content-Type': 'application/json' };
          const {
            status,
            headers: answered,
            text,
          } = await ask('/api/login', { method: 'POST', headers, body });
          assert.equal(status, 400, `${body}`.slice(0, 80));
          assert.match(answered.get('Content-Type'), /^application\/problem\+json(;|$)/);
          assert.deepEqual(Object.keys(JSON.parse(text)), ['title', 'status', 'detail']);
        }
      });

      it('reads no log-in that is longer than any can be', async () => {
        const json = { ...JANE, padding: 'x'.repeat(20_000) };
        const { status, headers } = await post('/api/login', json);
        assert.equal(status, 413);
        assert.match(headers.get('Content-Type'), /^application\/problem\+json(;|$)/);
        assert.equal(
          (await post('/api/login', { ...json, padding: 'x'.repeat(10_000) })).status,
          200,
        );
      });

      it('takes no log-in that a page of another origin could send without a preflight', async () => {
        for (const type of [
          'text/plain',
          'application/x-www-form-urlencoded',
          'multipart/form-data',
        ]) {
          const body = JSON.stringify(JANE);
          const headers = { 'Content-Type': type };
          const { status } = await ask('/api/login', { method: 'POST', headers, body });
          assert.equal(status, 400, type);
        }
        const form = new URLSearchParams(JANE);
        const { status } = await ask('/api/login', { method: 'POST', body: form });
        assert.equal(status, 400);

        const preflight = await ask('/api/login', {
          method: 'OPTIONS',
          headers: {
            Origin: 'http://elsewhere.example',
            'Access-Control-Request-Method': 'POST',
            'Access-Control-Request-Headers': 'content-type',
          },
        });
        assert.equal(preflight.headers.get('Access-Control-Allow-Origin'), null);
      });

      it('signs for nobody who is not logged in, whatever is asked', async () => {
        for (const query of [
          '',
          '?visitorId=',
          '?visitorId=a',
          `?visitorId=${VISITOR}`,
          `?visitorId=${VISITOR}&visitorId=${VISITOR}`,
          '?other=a',
        ]) {
          for (const route of SIGNING) {
            const answer = await ask(`/api/${route}${query}`);
            isProblem(answer, UNAUTHORIZED);
            assert.equal(answer.headers.get('Cache-Control'), 'no-store');
          }
        }
        isProblem(await ask('/api/me'), UNAUTHORIZED);
      });

      for (const route of WITH_THE_PACKAGE_S_ROUTE[name]) {
        it(`signs for no page of another site, by ${route}`, async () => {
          const headers = { 'Sec-Fetch-Site': 'cross-site' };
          const path = `/api/${route}?visitorId=${VISITOR}`;
          isProblem(await ask(path, { cookie: await logIn(JANE), headers }), OTHER_SITE);
          isProblem(await ask(path, { headers }), UNAUTHORIZED);
        });
      }

      it('wants exactly one visitor id', async () => {
        const cookie = await logIn(JANE);
        for (const query of [
          '',
          '?',
          '?visitorId',
          '?visitorId=',
          `?visitorId=${VISITOR}&visitorId=${VISITOR}`,
          `?visitorId=${VISITOR}&visitorId=b`,
          `?visitorId=&visitorId=${VISITOR}`,
          `?visitorId[]=${VISITOR}`,
          `?visitorId[x]=${VISITOR}`,
          `?visitorid=${VISITOR}`,
          `?visitor_id=${VISITOR}`,
        ]) {
          for (const route of SIGNING) {
            const answer = await ask(`/api/${route}${query}`, { cookie });
            isProblem(answer, NO_VISITOR_ID);
            assert.equal(answer.headers.get('Cache-Control'), 'no-store');
          }
        }
      });

      it('signs a visitor id as the documented snippet does', async () => {
        const cookie = await logIn(JANE);
        for (const visitorId of [VISITOR, crypto.randomUUID(), crypto.randomUUID()]) {
          const { status, headers, text } = await sign(visitorId, cookie);
          assert.equal(status, 200);
          assert.equal(headers.get('Cache-Control'), 'no-store');
          assert.match(headers.get('Content-Type'), /^application\/json(;|$)/);
          const hmac = createHmac('sha256', SECRET).update(visitorId).digest('hex');
          assert.equal(text, `{"hmac":"${hmac}"}`);
        }
      });

      it('signs who the customer of the session is, whatever the page says', async () => {
        for (const [customer, record] of [
          [JANE, JANES_RECORD],
          [ZOE, ZOES_RECORD],
        ]) {
          const cookie = await logIn(customer);
          const others = 'externalId=user_0&sub=user_0&name=Eve&email=eve%40example.com';
          const path = `/api/chat-token?visitorId=${VISITOR}&${others}`;
          const { status, headers, text } = await ask(path, { cookie });
          assert.equal(status, 200);
          assert.equal(headers.get('Cache-Control'), 'no-store');
          assert.match(headers.get('Content-Type'), /^application\/json(;|$)/);
          const { token, ...more } = JSON.parse(text);
          assert.deepEqual(more, {});

          const [header, payload, signature] = token.split('.');
          const expected = createHmac('sha256', TOKEN_KEY).update(`${header}.${payload}`);
          assert.equal(signature, expected.digest('base64url'));
          const { iat, exp, ...claims } = JSON.parse(Buffer.from(payload, 'base64url'));
          assert.equal(exp - iat, 300);
          assert(Math.abs(iat - Date.now() / 1000) < 60, `signed at ${iat}`);
          const { id: sub, plan, signupDate, ...attributes } = JSON.parse(record);
          const metadata = { plan, signupDate };
          assert.deepEqual(claims, { sub, visitorId: VISITOR, ...attributes, metadata });
        }
      });

      it('signs nothing but a visitor id: no token, and no text of the customer’s own', async () => {
        const cookie = await logIn(JANE);
        for (const text of [
          'visitor_1',
          'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyXzEyMyJ9',
          VISITOR.toUpperCase(),
          VISITOR.replaceAll('-', ''),
          `{${VISITOR}}`,
          `urn:uuid:${VISITOR}`,
          `${VISITOR}\n`,
          `\n${VISITOR}`,
          ` ${VISITOR}`,
          `${VISITOR} `,
          `${VISITOR}\0`,
          `${VISITOR}\n${VISITOR}`,
          `\ufeff${VISITOR}`,
          `${VISITOR}a`,
          VISITOR.slice(1),
          VISITOR.replace('a', 'g'),
          VISITOR.replace('0', '٠'),
          VISITOR.replaceAll('-', '‐'),
          '訪問者',
          'x'.repeat(2000),
        ]) {
          for (const route of SIGNING) {
            isProblem(await sign(text, cookie, route), NO_VISITOR_ID);
          }
        }
      });

      it('survives a visitor id that is huge, or not UTF-8', async () => {
        const cookie = await logIn(JANE);
        for (const visitorId of ['x'.repeat(100_000), '%ff', '%c3%28', '%zz', '%']) {
          const path = `/api/chat-identity?visitorId=${visitorId}`;
          const status = await ask(path, { cookie }).then(
            ({ status }) => status,
            () => 'closed',
          );
          assert(
            [400, 413, 414, 431, 'closed'].includes(status),
            `${visitorId.slice(0, 9)}: ${status}`,
          );
        }
        assert.equal((await ask('/api/me', { cookie })).status, 200);
      });

      it('ends the session at log-out, on the server too', async () => {
        const cookie = await logIn(JANE);
        const { status, text } = await post('/api/logout', {}, { cookie });
        assert.equal(status, 204);
        assert.equal(text, '');
        for (const route of SIGNING) {
          isProblem(await sign(VISITOR, cookie, route), UNAUTHORIZED);
        }
        isProblem(await ask('/api/me', { cookie }), UNAUTHORIZED);
      });

      it('ends one session at log-out and no other', async () => {
        const [here, there] = [await logIn(JANE), await logIn(JANE)];
        await post('/api/logout', {}, { cookie: here });
        assert.equal((await ask('/api/me', { cookie: there })).text, JANES_RECORD);
      });

      it('logs out who is not logged in', async () => {
        assert.equal((await post('/api/logout', {})).status, 204);
        assert.equal((await post('/api/logout', {}, { cookie: 'session=junk' })).status, 204);
      });

      it('gives a new session id at log-in, and the old one is worth nothing', async () => {
        const anonymous = await ask('/api/me');
        const given = anonymous.headers.getSetCookie()[0]?.split(';')[0] ?? 'session=planted';
        for (const planted of ['session=planted', given, await logIn(ZOE)]) {
          const cookie = await logIn(JANE, { cookie: planted });
          assert.notEqual(cookie, planted);
          isProblem(await ask('/api/me', { cookie: planted }), UNAUTHORIZED);
          assert.equal((await ask('/api/me', { cookie })).text, JANES_RECORD);
        }
      });

      it('takes junk in the cookie for no session', async () => {
        const session = await logIn(JANE);
        for (const cookie of [
          'session=',
          'session',
          '=;;;',
          'session=""',
          'session=%00%ff',
          'session=__proto__',
          'session=s%3Ajunk.junk',
          'session=../../etc/passwd',
          `session=${'x'.repeat(4000)}`,
          session.slice(0, -1),
          `${session}x`,
          session.replace('session=', 'SESSION='),
          'session=\u00e9\u00ff',
        ]) {
          isProblem(await ask('/api/me', { cookie }), UNAUTHORIZED);
          for (const route of SIGNING) {
            isProblem(await sign(VISITOR, cookie, route), UNAUTHORIZED);
          }
        }
      });
    });

    // Most of what these tests do is waiting.
    describe('that starts', { concurrency: 3 }, () => {
      /** Starts it for one test, which ends it whatever happens. */
      function start(t, settings) {
        const backend = new Backend(name, { ...SETTINGS, ...settings });
        t.after(() => backend.end('SIGKILL'));
        return backend;
      }

      /** Logs Jane in; the session is what can be asked for it. */
      async function startSession(backend) {
        const origin = await backend.origin();
        const response = await fetch(`${origin}/api/login`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify(JANE),
        });
        const Cookie = response.headers.getSetCookie()[0].split(';')[0];
        return async () => (await fetch(`${origin}/api/me`, { headers: { Cookie } })).status;
      }

      it('ends a session that nobody uses', async (t) => {
        const me = await startSession(start(t, { SESSION_IDLE_SECONDS: '1' }));
        await sleep(1100);
        assert.equal(await me(), 401);
      });

      it('keeps a session that is used, until its lifetime is over', async (t) => {
        const idle = 2000;
        const lifetime = 3000;
        const backend = start(t, {
          SESSION_IDLE_SECONDS: idle / 1000,
          SESSION_LIFETIME_SECONDS: lifetime / 1000,
        });
        /** For how long it lived, and for how long at most it was not used. */
        const watch = async () => {
          const began = performance.now();
          const me = await startSession(backend);
          let used = began;
          for (let unused = 0; ; used = performance.now()) {
            await sleep(200);
            const status = await me();
            unused = Math.max(unused, performance.now() - used);
            if (status !== 200) return { status, lived: performance.now() - began, unused };
          }
        };
        let seen;
        // Again where this machine stood still for so long that the session was idle.
        do seen = await watch();
        while (seen.unused >= idle);
        assert.equal(seen.status, 401);
        assert(seen.lived >= lifetime, `it lived for ${seen.lived} ms`);
      });

      it('keeps so many sessions and no more, those that were used last', async (t) => {
        const backend = start(t, { SESSION_LIMIT: '2' });
        const first = await startSession(backend);
        const second = await startSession(backend);
        assert.equal(await first(), 200);
        const third = await startSession(backend);
        assert.deepEqual([await first(), await second(), await third()], [200, 401, 200]);
      });

      it('tells the page of the demo’s switch, and lets it talk to it, if there is one', async (t) => {
        const backend = start(t, { DEMO_SWITCH_URL: 'http://127.0.0.1:8090/switch' });
        const response = await fetch(`${await backend.origin()}/api/config`);
        assert.equal((await response.json()).demoSwitchUrl, 'http://127.0.0.1:8090/switch');
        assert.match(
          response.headers.get('Content-Security-Policy'),
          /; connect-src 'self' http:\/\/127\.0\.0\.1:8080 http:\/\/127\.0\.0\.1:8090; /,
        );
      });

      const refusal = async (t, settings) => {
        const backend = start(t, settings);
        const code = await backend.ended;
        assert.equal(code, 1);
        assert.equal(backend.stdout, '');
        return backend.stderr;
      };

      for (const [fault, secret, message] of [
        [
          'is not set',
          undefined,
          'IDENTITY_SECRET is not set; set it to the identity verification secret\n',
        ],
        [
          'is blank',
          '  ',
          'IDENTITY_SECRET is blank; set it to the identity verification secret\n',
        ],
        [
          'is quoted',
          '"s3cret"',
          'IDENTITY_SECRET stands in quotes that would become part of the secret; remove them\n',
        ],
        [
          'ends in a line end',
          's3cret\n',
          'IDENTITY_SECRET begins or ends with white space, such as a line end; remove it\n',
        ],
      ]) {
        it(`says so if the secret ${fault}`, async (t) => {
          assert.equal(await refusal(t, { IDENTITY_SECRET: secret }), message);
        });
      }

      for (const [variable, value, message] of [
        [
          'IDENTITY_TOKEN_KEY',
          undefined,
          'IDENTITY_TOKEN_KEY is not set; set it to the identity token key (itk_…)\n',
        ],
        [
          'IDENTITY_TOKEN_KEY',
          SECRET,
          'IDENTITY_TOKEN_KEY is not itk_, 8 hexadecimal digits, _ and 64 hexadecimal digits in lower ' +
            'case; copy the identity token key exactly, without quotes and white space\n',
        ],
        ['ORGANIZATION_KEY', undefined, 'ORGANIZATION_KEY is not set; set it to a key like pk_…\n'],
        ['ORGANIZATION_KEY', '', 'ORGANIZATION_KEY is not set; set it to a key like pk_…\n'],
        [
          'IDENTITY_SERVER_URL',
          undefined,
          'IDENTITY_SERVER_URL is not a URL; set it to one like http://127.0.0.1:8080\n',
        ],
        [
          'IDENTITY_SERVER_URL',
          '127.0.0.1:8080',
          'IDENTITY_SERVER_URL is not a URL; set it to one like http://127.0.0.1:8080\n',
        ],
        [
          'BROWSER_CLIENT',
          '/nowhere',
          'BROWSER_CLIENT is not a file; build it with `make -C bindings/browser build`\n',
        ],
        [
          'DEMO_SWITCH_URL',
          '127.0.0.1:8090',
          'DEMO_SWITCH_URL is not a URL; unset it, or run the demo with `make demo`\n',
        ],
        ...['0', '1e3'].map((value) => [
          'SESSION_LIMIT',
          value,
          'SESSION_LIMIT is not a whole number above 0; set it to one like 10000\n',
        ]),
        [
          'SESSION_IDLE_SECONDS',
          '0',
          'SESSION_IDLE_SECONDS is not a whole number above 0; set it to one like 1800\n',
        ],
        [
          'SESSION_LIFETIME_SECONDS',
          '12h',
          'SESSION_LIFETIME_SECONDS is not a whole number above 0; set it to one like 43200\n',
        ],
        ['PORT', 'http', 'PORT is not a port; set it to a number from 0 to 65535\n'],
        ['PORT', '65536', 'PORT is not a port; set it to a number from 0 to 65535\n'],
        ['PORT', '-1', 'PORT is not a port; set it to a number from 0 to 65535\n'],
      ]) {
        it(`says so if ${variable} is ${value ?? 'not set'}`, async (t) => {
          assert.equal(await refusal(t, { [variable]: value }), message);
        });
      }

      it('names the port that is taken, and the variable that changes it', async (t) => {
        const other = createServer().listen(0, '127.0.0.1');
        await once(other, 'listening');
        const { port } = other.address();
        const message = await refusal(t, { PORT: `${port}` });
        other.close();
        assert.match(
          message,
          new RegExp(`^cannot listen on port ${port}: .+; set PORT to another one\n$`),
        );
      });

      for (const signal of ['SIGTERM', 'SIGINT']) {
        it(`ends well on ${signal} while clients are connected`, async (t) => {
          const backend = start(t, {});
          const { hostname, port } = new URL(await backend.origin());
          const idle = connect(port, hostname);
          idle.write('GET /api/config HTTP/1.1\r\nHost: shop\r\n\r\n');
          await once(idle, 'data');
          const stuck = connect(port, hostname);
          stuck.write('POST /api/login HTTP/1.1\r\nHost: shop\r\nContent-Length: 9\r\n');
          await once(stuck, 'connect');
          for (const socket of [idle, stuck]) socket.on('error', () => {});

          assert.equal(await backend.end(signal), 0);
          assert.equal(backend.stderr, '');
          assert.match(backend.stdout, /^listening on http:\/\/127\.0\.0\.1:\d+\n$/);
          for (const socket of [idle, stuck]) socket.destroy();
        });
      }
    });
  });
}
