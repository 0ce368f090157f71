import { IdentityTokenKey } from 'identity-hmac';
import * as route from 'identity-hmac/route';
import { makeApplication } from './application.mjs';

const { fetch } = makeApplication(route, IdentityTokenKey.fromEnv());
const { url } = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: (request) => fetch(request) });
console.log(`listening on ${url.origin}`);
