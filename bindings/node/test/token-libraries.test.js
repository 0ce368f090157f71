// What people sign tokens with today, and what others verify them with: in both directions, with the
// key as it is.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { jwtVerify, SignJWT } from 'jose';
import jwt from 'jsonwebtoken';
import { implementations } from './implementations.js';

const USER = { name: 'Zoë', email: 'zoe@example.com', metadata: { plan: 'pro', seats: 3 } };

/** How each library signs and verifies, in the fewest words that its users need. */
const libraries = {
  jsonwebtoken: {
    sign: (payload, { key, kid, subject, audience }) =>
      jwt.sign(payload, key, {
        expiresIn: 300,
        subject,
        ...(kid && { keyid: kid }),
        ...(audience && { audience }),
      }),
    verify: (token, { key, audience }) =>
      jwt.verify(token, key, { algorithms: ['HS256'], audience, complete: true }),
  },
  jose: {
    sign: (payload, { key, kid, subject, audience }) => {
      const token = new SignJWT(payload)
        .setProtectedHeader({ alg: 'HS256', ...(kid && { kid }) })
        .setSubject(subject)
        .setIssuedAt()
        .setExpirationTime('5m');
      return (audience ? token.setAudience(audience) : token).sign(new TextEncoder().encode(key));
    },
    verify: async (token, { key, audience }) => {
      const { payload, protectedHeader } = await jwtVerify(token, new TextEncoder().encode(key), {
        audience,
      });
      return { payload, header: protectedHeader };
    },
  },
};

for (const [entry, { generateTokenKey, IdentityTokenKey }] of implementations) {
  for (const [library, { sign, verify }] of Object.entries(libraries)) {
    describe(`${entry} and ${library}`, async () => {
      const key = await generateTokenKey();
      const own = new IdentityTokenKey(key);

      test(`what ${library} signs is accepted`, async () => {
        for (const kid of [own.keyId, undefined]) {
          for (const audience of ['pk_1', ['pk_1', 'pk_2'], undefined]) {
            const options = { key, kid, subject: 'user_123', audience };
            const token = await sign({ visitorId: 'visitor_1', ...USER }, options);
            const claims = await own.verify(token, 'visitor_1', { audience: 'pk_1' });
            assert.equal(claims.expiresAt, claims.issuedAt + 300);
            const { issuedAt: _, expiresAt: __, ...rest } = claims;
            assert.deepEqual(rest, {
              visitorId: 'visitor_1',
              externalId: 'user_123',
              ...USER,
              keyId: own.keyId,
            });
          }
        }
      });

      test(`what ${library} signs with another key is refused`, async () => {
        const options = { key: await generateTokenKey(), subject: 'user_123' };
        const token = await sign({ visitorId: 'visitor_1' }, options);
        await assert.rejects(async () => own.verify(token, 'visitor_1'), {
          code: 'identity_token_invalid',
        });
      });

      test(`${library} accepts what is signed here`, async () => {
        for (const audience of ['pk_1', undefined]) {
          const claims = { visitorId: 'visitor_1', externalId: 'user_123', ...USER };
          const token = await own.sign(claims, { audience, expiresIn: 60 });
          const { payload, header } = await verify(token, { key, audience });
          assert.deepEqual({ ...header }, { alg: 'HS256', typ: 'JWT', kid: own.keyId });
          const { iat, exp, ...rest } = payload;
          assert.equal(exp, iat + 60);
          assert.deepEqual(rest, {
            sub: 'user_123',
            visitorId: 'visitor_1',
            ...USER,
            ...(audience && { aud: audience }),
          });
        }
      });
    });
  }
}
