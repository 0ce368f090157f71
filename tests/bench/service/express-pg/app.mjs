// POST /v1/identify as one would write it with Express, pg and zod.

import { createHmac, timingSafeEqual } from 'node:crypto';
import express from 'express';
import { z } from 'zod';
import { findCaller, identify } from './identity.mjs';

const IdentifyParams = z.strictObject({
  name: z.string().max(256).nullish(),
  email: z.email().max(320).nullish(),
  externalId: z.string().max(256).nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  hmac: z.string().nullish(),
});

export function app(pool) {
  return express()
    .disable('x-powered-by')
    .disable('etag')
    .post('/v1/identify', express.json({ limit: '64kb' }), async (request, response) => {
      const token = request.get('authorization')?.match(/^Bearer (\S+)$/i)?.[1];
      const caller = token && (await findCaller(pool, token));
      if (!caller) return refuse(response, 401, 'invalid_visitor_token');

      const params = IdentifyParams.safeParse(request.body);
      if (!params.success) return refuse(response, 422, 'invalid_request');

      const { hmac, ...patch } = params.data;
      if (caller.verification_required) {
        if (!hmac) return refuse(response, 403, 'hmac_required');
        if (!isSigned(caller.id, hmac, caller.secret)) {
          return refuse(response, 403, 'hmac_verification_failed');
        }
      }
      response.json(await identify(pool, caller, patch, caller.verification_required));
    })
    .use((error, _request, response, _next) => {
      if (error.status < 500) return refuse(response, error.status, 'invalid_request');
      console.error(error);
      refuse(response, 500, 'internal');
    });
}

function isSigned(visitorId, hmac, secret) {
  if (!/^[0-9a-f]{64}$/i.test(hmac)) return false;
  const expected = createHmac('sha256', secret).update(visitorId).digest();
  return timingSafeEqual(Buffer.from(hmac, 'hex'), expected);
}

function refuse(response, status, code) {
  response.status(status).json({ code });
}
