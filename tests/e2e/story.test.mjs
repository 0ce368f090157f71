// The page's whole story, on each of the four backends.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { NAMES } from '../../examples/test/backends.mjs';
import { setStage } from './stage.mjs';
import { JANE, NOBODY, says, Tab, VERIFIED_JANE, ZOE } from './tab.mjs';

const VERIFIED = 'Verified: the shop has signed this visitor id.';
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

      it('vouches for a customer who is logged in', async (t) => {
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
        await tab.press('Identify me');
        await tab.hears(VERIFIED);
        assert.deepEqual(await tab.shown(), VERIFIED_JANE);
        assert.equal(await tab.visitorId(), visitorId);

        await tab.press('Identify me');
        await tab.hears(VERIFIED);
        const [record, ...more] = await recordsOf(visitorId);
        assert.deepEqual([record.name, record.hmacVerified, more], ['Jane Doe', true, []]);
      });

      it('signs for nobody who is not logged in, such as with a wrong password', async (t) => {
        const tab = await stage.visit(t, shop);
        await tab.page.getByLabel('E-mail').fill(JANE.email);
        await tab.page.getByLabel('Password').fill('correct hoarse');
        await tab.press('Log in');
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
        const cheat = async () => {
          await tab.press('Try a forged signature');
          await tab.hears('Refused: HMAC verification failed');
          await tab.press('Identify without signature');
          await tab.hears(
            'Refused: HMAC verification is required: pass the hmac that your backend made for this visitor',
          );
        };
        await cheat();
        await tab.logIn(ZOE);
        await cheat();
        assert.deepEqual(await tab.shown(), NOBODY);
        assert.deepEqual(await recordsOf(await tab.visitorId()), []);

        await tab.press('Identify me');
        await tab.hears(VERIFIED);
        const record = await tab.shown();
        await cheat();
        assert.deepEqual(await tab.shown(), record);
        assert.equal(record.badge, 'Verified');
      });

      it('starts over with the next customer', async (t) => {
        const tab = await stage.visit(t, shop);
        await tab.logIn(JANE);
        await tab.press('Identify me');
        await tab.hears(VERIFIED);
        const janesVisitor = await tab.visitorId();

        await tab.press('Log out');
        await tab.hears('You are logged out, and the chat has a new visitor.');
        assert.deepEqual(await tab.shown(), NOBODY);
        const zoesVisitor = await tab.visitorId();
        assert.notEqual(zoesVisitor, janesVisitor);

        await tab.logIn(ZOE);
        await tab.press('Identify me');
        await tab.hears(VERIFIED);
        assert.deepEqual(await tab.shown(), {
          badge: 'Verified',
          Name: 'Zoë Brandt',
          'E-mail': 'zoe@example.com',
          'External id': 'user_456',
          Metadata: '{ "plan": "basic", "signupDate": "2026-03-02" }',
          Verified: 'yes',
        });
        assert.doesNotMatch(
          await tab.page.locator('body').ariaSnapshot(),
          /jane|user_123|premium/i,
        );
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
