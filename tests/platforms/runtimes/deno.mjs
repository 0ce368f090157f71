import { IdentityTokenKey } from 'identity-hmac';
import * as route from 'identity-hmac/route';
import { makeApplication } from './application.mjs';

const { fetch } = makeApplication(route, IdentityTokenKey.fromEnv());
const onListen = ({ port }) => console.log(`listening on http://127.0.0.1:${port}`);
Deno.serve({ hostname: '127.0.0.1', port: 0, onListen }, (request) => fetch(request));
