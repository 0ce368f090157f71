// One table of HTTP cases for all four backends: they are to be told apart by their language only.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Backend, NAMES } from './backends.mjs';

const SECRET = 's3cret';
const JANE = { email: 'jane@example.com', password: 'correct horse' };
const ZOE = { email: 'zoe@example.com', password: 'battery staple' };
const JANES_RECORD =
  '{"id":"user_123","name":"Jane Doe","email":"jane@example.com","plan":"premium","signupDate":"2025-01-15"}';
const ZOES_RECORD =
  '{"id":"user_456","name":"Zoë Brandt","email":"zoe@example.com","plan":"basic","signupDate":"2026-03-02"}';

const UNAUTHORIZED = '{"title":"Unauthorized","status":401,"detail":"log in first"}';
const WRONG_PASSWORD =
  '{"title":"Unauthorized","status":401,"detail":"the email or the password is wrong"}';
const NO_VISITOR_ID = '{"title":"Bad Request","status":400,"detail":"send one visitorId"}';

const folder = mkdtempSync(join(tmpdir(), 'examples-'));
const browserClient = join(folder, 'client.js');
writeFileSync(browserClient, 'globalThis.getSdkApi = () => null;\n');
after(() => rmSync(folder, { recursive: true }));

const SETTINGS = {
  IDENTITY_SECRET: SECRET,
  ORGANIZATION_KEY: 'pk_0123456789abcdef0123456789abcdef',
  IDENTITY_SERVER_URL: 'http://127.0.0.1:8080/chat',
  BROWSER_CLIENT: browserClient,
  PORT: '0',
};

for (const name of NAMES) {
  describe(name, { timeout: 120_000 }, () => {
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
        assert(!everything.includes(SECRET), `${path} tells the secret`);
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

      const sign = (visitorId, cookie) =>
        ask(`/api/chat-identity?visitorId=${encodeURIComponent(visitorId)}`, { cookie });

      function isProblem({ status, headers, text }, expected) {
        assert.equal(text, expected);
        assert.equal(status, JSON.parse(expected).status);
        assert.match(headers.get('Content-Type'), /^application\/problem\+json(;|$)/);
      }

      it('serves the page and what it is made of, each as what it is', async () => {
        const page = (file) => readFileSync(new URL(`../page/${file}`, import.meta.url), 'utf8');
        for (const [path, type, content] of [
          ['/', /^text\/html/, page('index.html')],
          ['/style.css', /^text\/css/, page('style.css')],
          ['/page.js', /^(text|application)\/javascript/, page('page.js')],
          ['/icon.svg', /^image\/svg\+xml/, page('icon.svg')],
          [
            '/identity-hmac-browser.js',
            /^(text|application)\/javascript/,
            readFileSync(browserClient, 'utf8'),
          ],
        ]) {
          const { status, headers, text } = await ask(path);
          assert.equal(status, 200, path);
          assert.match(headers.get('Content-Type'), type, path);
          assert.equal(text, content, path);
        }
      });

      it('lets the page talk to itself and to the identity service, and load nothing else', async () => {
        const { headers } = await ask('/');
        assert.equal(
          headers.get('Content-Security-Policy'),
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
            "connect-src 'self' http://127.0.0.1:8080; " +
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        );
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
          '['.repeat(50_000),
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
          '?visitorId=a&visitorId=b',
          '?other=a',
        ]) {
          const answer = await ask(`/api/chat-identity${query}`);
          isProblem(answer, UNAUTHORIZED);
          assert.equal(answer.headers.get('Cache-Control'), 'no-store');
        }
        isProblem(await ask('/api/me'), UNAUTHORIZED);
      });

      it('wants exactly one visitor id', async () => {
        const cookie = await logIn(JANE);
        for (const query of [
          '',
          '?',
          '?visitorId',
          '?visitorId=',
          '?visitorId=a&visitorId=b',
          '?visitorId=a&visitorId=a',
          '?visitorId=&visitorId=a',
          '?visitorId[]=a',
          '?visitorId[x]=a',
          '?visitorid=a',
          '?visitor_id=a',
        ]) {
          const answer = await ask(`/api/chat-identity${query}`, { cookie });
          isProblem(answer, NO_VISITOR_ID);
          assert.equal(answer.headers.get('Cache-Control'), 'no-store');
        }
      });

      it('signs as the documented snippet does, byte for byte', async () => {
        const cookie = await logIn(JANE);
        const { status, headers, text } = await sign('visitor_1', cookie);
        assert.equal(status, 200);
        assert.equal(headers.get('Cache-Control'), 'no-store');
        assert.match(headers.get('Content-Type'), /^application\/json(;|$)/);
        assert.equal(
          text,
          '{"hmac":"03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae"}',
        );

        for (const visitorId of [
          '01a20387-b4b6-7073-8d91-59e5222b4abb',
          'café',
          'cafe\u0301',
          '訪問者',
          '\u{1f9d1}\u200d\u{1f4bb}',
          '\u202eabc',
          '\ufeffabc',
          ' padded ',
          'a b+c&d=e%20#f?g/h;i',
          '"><script>',
          "' OR 1=1 --",
          'a\0b',
          'a\nb\r\nc',
          'x'.repeat(2000),
        ]) {
          const hmac = createHmac('sha256', SECRET).update(visitorId).digest('hex');
          const answer = await sign(visitorId, cookie);
          assert.equal(answer.text, `{"hmac":"${hmac}"}`, visitorId.slice(0, 40));
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
            [200, 400, 413, 414, 431, 'closed'].includes(status),
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
        isProblem(await sign('visitor_1', cookie), UNAUTHORIZED);
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
          isProblem(await sign('visitor_1', cookie), UNAUTHORIZED);
        }
      });
    });

    describe('that starts', () => {
      /** Starts it for one test, which ends it whatever happens. */
      function start(t, settings) {
        const backend = new Backend(name, { ...SETTINGS, ...settings });
        t.after(() => backend.end('SIGKILL'));
        return backend;
      }

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
        it(`ends well on ${signal}, whoever is still connected`, async (t) => {
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
