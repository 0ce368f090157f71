// The page's whole story, on each of the four backends.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { NAMES } from '../../examples/test/backends.mjs';
import { setStage } from './stage.mjs';
import {
  byHmac,
  FORGED,
  FORGED_TOKEN,
  JANE,
  NO_RECORD,
  NOBODY,
  NOT_SIGNED,
  says,
  Tab,
  UNCHANGED,
  VERIFIED,
  VERIFIED_BY_HMAC,
  VERIFIED_JANE,
  VERIFIED_ZOE,
  ZOE,
} from './tab.mjs';

describe('the shop', () => {
  const stage = setStage();

  for (const name of NAMES) {
    describe(`on ${name}`, () => {
      let shop;
      before(async () => {
        shop = await stage.openShop(name);
      });

      const recordsOf = async (visitorId) =>
        (await stage.service.identities(shop.organization)).filter(
          ({ anonymousUserId }) => anonymousUserId === visitorId,
        );

      it('vouches for a customer who logs in', async (t) => {
        const tab = await stage.visit(t, shop);
        await tab.hears('The chat is open.');
        assert.deepEqual(await tab.shown(), NOBODY);
        const visitorId = await tab.visitorId();
        assert.match(visitorId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

        await tab.logIn(JANE);
        const [{ name, httpOnly, sameSite }, ...others] = await tab.page.context().cookies();
        assert.deepEqual([name, httpOnly, sameSite, others], ['session', true, 'Lax', []]);
        await says(tab.page.locator('#account h2'), 'Good to see you, Jane Doe');
        await says(tab.page.locator('#account p'), 'Your plan: premium');
        assert.deepEqual(await tab.shown(), VERIFIED_JANE);
        assert.equal(await tab.visitorId(), visitorId);

        await tab.press('Identify me');
        await tab.hears(VERIFIED);
        assert.match(await tab.text('sent'), /^identify\(\{\s+"token": "[\w.-]+…"\s+\}\)$/);
        const [record, ...more] = await recordsOf(visitorId);
        assert.deepEqual([record.name, record.hmacVerified, more], ['Jane Doe', true, []]);
        assert.equal(record.verification.method, 'token');
      });

      it('vouches for the visitor id alone by an hmac, which lets a customer be another', async (t) => {
        const tab = await stage.visit(t, shop);
        await tab.vouchBy('hmac');
        await tab.logIn(ZOE, VERIFIED_BY_HMAC);
        assert.deepEqual(await tab.shown(), byHmac(VERIFIED_ZOE));
        await tab.press('Say you are somebody else');
        await tab.hears(
          'Accepted: an hmac is good for any data, so the chat now takes you for Jane Doe.',
        );
        assert.deepEqual(await tab.shown(), byHmac(VERIFIED_JANE));
      });

      it('lets no customer be another by a token: Zoë claims to be Jane, and it is ignored', async (t) => {
        const tab = await stage.visit(t, shop);
        await tab.logIn(ZOE);
        await tab.press('Say you are somebody else');
        await tab.hears(
          'Ignored: externalId, name, email, metadata.plan, metadata.signupDate. ' +
            'The shop has signed that you are Zoë Brandt.',
        );
        assert.match(await tab.text('sent'), /"externalId": "user_123"[\s\S]*"token": "/);
        assert.match(await tab.text('answered'), /"reason": "verified_value_kept"/);
        assert.deepEqual(await tab.shown(), VERIFIED_ZOE);
        await tab.showsNothingOfJane();
        const [record] = await recordsOf(await tab.visitorId());
        assert.deepEqual([record.externalId, record.name], ['user_456', 'Zoë Brandt']);
      });

      it('signs for nobody who is not logged in, such as with a wrong password', async (t) => {
        const tab = await stage.visit(t, shop);
        await tab.enter({ ...JANE, password: 'correct hoarse' });
        await says(
          tab.page.getByRole('alert'),
          'The shop says: the email or the password is wrong',
        );
        await tab.press('Identify me');
        await tab.hears('The shop says: log in first');
        assert.deepEqual(await tab.shown(), NOBODY);
      });

      it('has a chat that believes no signature but the shop’s, and not none', async (t) => {
        const tab = await stage.visit(t, shop);
        const cheat = async (record) => {
          for (const [proof, refusal] of Object.entries({ hmac: FORGED, token: FORGED_TOKEN })) {
            await tab.vouchBy(proof);
            await tab.press('Try a forged signature');
            await tab.hears(`${refusal} ${record}`);
          }
          await tab.press('Identify without a signature');
          await tab.hears(`${NOT_SIGNED} ${record}`);
        };
        await cheat(NO_RECORD);
        assert.deepEqual(await tab.shown(), NOBODY);
        assert.deepEqual(await recordsOf(await tab.visitorId()), []);

        await tab.logIn(ZOE);
        const records = await recordsOf(await tab.visitorId());
        await cheat(UNCHANGED);
        assert.deepEqual(await tab.shown(), VERIFIED_ZOE);
        assert.deepEqual(await recordsOf(await tab.visitorId()), records);
      });

      it('shows what each verification lets an impostor do', async (t) => {
        const tab = await stage.visit(t, shop);
        await tab.vouchBy('hmac');
        const forge = async (outcome) => {
          await tab.press('Try a forged signature');
          await tab.hears(outcome);
          assert.match(await tab.text('sent'), /"name": "Jane Doe"[\s\S]*"hmac": "(f0){32}"/);
          return tab.text('answered');
        };
        assert.match(await forge(`${FORGED} ${NO_RECORD}`), /"hmac_verification_failed"/);

        await tab.setVerification('observe');
        assert.match(
          await forge(
            'Accepted, but not verified: with verification required this would be refused.',
          ),
          /"name": "Jane Doe"[\s\S]*"hmacVerified": false/,
        );
        assert.equal((await tab.shown()).badge, 'Unverified');
        await says(
          tab.page.locator('#greeting'),
          'Hello. You say you are Jane Doe, but we cannot know.',
        );

        await tab.setVerification('off');
        assert.match(
          await forge('Accepted: verification is off, so the chat now takes you for Jane Doe.'),
          /"externalId": "user_123"[\s\S]*"hmacVerified": false/,
        );
        await says(
          tab.page.locator('#greeting'),
          'Hello Jane Doe, good to see you again. How can we help?',
        );
        const [{ name, hmacVerified }] = await recordsOf(await tab.visitorId());
        assert.deepEqual([name, hmacVerified], ['Jane Doe', false]);

        await tab.setVerification('required');
        await forge(`${FORGED} ${UNCHANGED}`);
        const impostor = await tab.visitorId();
        await tab.logIn(ZOE, VERIFIED_BY_HMAC);
        assert.notEqual(await tab.visitorId(), impostor);
        assert.deepEqual(await tab.shown(), byHmac(VERIFIED_ZOE));
        const [, hmac] = (await tab.text('sent')).match(/"hmac": "([0-9a-f]{64})"/);
        assert.notEqual(hmac, 'f0'.repeat(32));
        assert.match(await tab.text('answered'), /"hmacVerified": true/);
        assert(!(await tab.page.content()).includes('vt_'), 'no token is shown');
      });

      it('starts over with the next customer', async (t) => {
        const tab = await stage.visit(t, shop);
        await tab.logIn(JANE);
        const janesVisitor = await tab.visitorId();

        await tab.press('Log out');
        await tab.hears('You are logged out, and the chat has a new visitor.');
        assert.deepEqual(await tab.shown(), NOBODY);
        const zoesVisitor = await tab.visitorId();
        assert.notEqual(zoesVisitor, janesVisitor);

        await tab.logIn(ZOE);
        assert.deepEqual(await tab.shown(), VERIFIED_ZOE);
        await tab.showsNothingOfJane();
        assert.equal((await recordsOf(janesVisitor))[0].name, 'Jane Doe');
        assert.equal((await recordsOf(zoesVisitor))[0].name, 'Zoë Brandt');
      });

      it('keeps out scripts that are not its own', async (t) => {
        const tab = await Tab.open(await stage.newContext(t), shop);
        await tab.page.evaluate(() => {
          const script = document.createElement('script');
          script.textContent = 'document.title = "intruded"';
          document.body.append(script);
        });
        assert.equal(await tab.page.title(), 'Corner Shop');
        assert.match(
          tab.complaints.join(),
          /violates the following Content Security Policy directive/,
        );
      });
    });
  }
});
