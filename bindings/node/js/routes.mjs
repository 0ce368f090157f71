// The routes of the entries `identity-hmac/route`, `/express` and `/fastify`, over the core.

import addon from './addon.cjs';
import { IdentityTokenError } from './error.mjs';
import { declareHandover } from './handover.mjs';
import { isPrepared, isPreparedTokenKey } from './prepared.mjs';
import { declareExpress } from './route/express.mjs';
import { declareFastify } from './route/fastify.mjs';
import { declareGuard } from './route/guard.mjs';
import { declareWeb } from './route/web.mjs';

const entry = 'identity-hmac';
const identityKeys = declareHandover(entry, 'key', isPrepared);
const tokenKeys = declareHandover(entry, 'token key', isPreparedTokenKey);

const { User: RouteUser, guard } = declareGuard({ entry, checkUser, prepareRoute, respond });

export { guard, RouteUser as User };
export const express = declareExpress(guard);
export const fastify = declareFastify(guard);
export const web = declareWeb(guard);

function checkUser({ externalId, metadata }) {
  throwIfRefused(addon.checkUser(externalId, metadata));
}

/** The prepared key for the addon's `respond`, undefined if this is not a key. */
function prepareRoute(key) {
  const identityKey = identityKeys.take(key);
  if (identityKey !== undefined) {
    return addon.identityKeyOfRoute(identityKey);
  }
  const tokenKey = tokenKeys.take(key);
  return tokenKey && addon.tokenKeyOfRoute(tokenKey);
}

function respond(key, matches, { method, query, secFetchSite, remainingPath }, user, now) {
  const { externalId, name, email, metadata } = user ?? {};
  return throwIfRefused(
    addon.respond(
      key,
      matches,
      method,
      query,
      secFetchSite,
      remainingPath,
      externalId,
      name,
      email,
      metadata,
      now,
    ),
  );
}

function throwIfRefused(answer) {
  if (answer?.code !== undefined) {
    throw new IdentityTokenError(answer.message, answer);
  }
  return answer;
}
