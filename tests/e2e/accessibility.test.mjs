// The page for those who use a keyboard, a screen reader, a phone, the dark, or no motion.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import axe from 'axe-core';
import { setStage } from './stage.mjs';
import {
  FORGED,
  FORGED_TOKEN,
  JANE,
  NO_RECORD,
  says,
  Tab,
  UNCHANGED,
  VERIFIED,
  VERIFIED_BY_HMAC,
  VERIFIED_JANE,
} from './tab.mjs';

/** The states of the page, each reached from the one before. */
const STATES = {
  'when nobody is logged in': () => {},
  'when a password was wrong': async (tab) => {
    await tab.enter({ ...JANE, password: 'correct hoarse' });
    await says(tab.page.getByRole('alert'), 'The shop says: the email or the password is wrong');
  },
  'when a customer is logged in': async (tab) => {
    await tab.vouchBy('hmac');
    await tab.logIn(JANE, VERIFIED_BY_HMAC);
  },
  'when a signature was refused': async (tab) => {
    await tab.press('Try a forged signature');
    await tab.hears(`${FORGED} ${UNCHANGED}`);
  },
  'when verification is off': (tab) => tab.setVerification('off'),
  'when an impostor was believed': async (tab) => {
    await tab.press('Try a forged signature');
    await tab.hears('Accepted: verification is off, so the chat now takes you for Zoë Brandt.');
  },
  'when the customer is verified': async (tab) => {
    await tab.setVerification('required');
    await tab.vouchBy('token');
    await tab.press('Identify me');
    await tab.hears(VERIFIED);
  },
  'when the network fails': async (tab) => {
    await tab.page.route('**/v1/identify', (route) => route.abort());
    await tab.press('Identify me');
    await tab.page.getByRole('button', { name: 'Try again' }).waitFor();
  },
};

describe('the page', () => {
  const stage = setStage();
  let shop;
  before(async () => {
    shop = await stage.openShop('axum');
  });

  const open = async (t, options) => Tab.open(await stage.newContext(t, options), shop);

  it('has no fault that axe knows, in light and in dark, on a phone and on a desk', async (t) => {
    const tab = await open(t, { reducedMotion: 'reduce' });
    await tab.page.evaluate(axe.source);
    for (const [state, reach] of Object.entries(STATES)) {
      await reach(tab);
      for (const colorScheme of ['light', 'dark']) {
        for (const width of [360, 1280]) {
          await tab.page.emulateMedia({ colorScheme });
          await tab.page.setViewportSize({ width, height: 800 });
          const { violations, passes } = await tab.page.evaluate(() =>
            // Of a rule that holds, one element is enough.
            globalThis.axe.run({ resultTypes: ['violations'] }),
          );
          const faults = violations.flatMap(({ id, nodes }) =>
            nodes.map(({ failureSummary, html }) => `${id}: ${html}: ${failureSummary}`),
          );
          assert.deepEqual(faults, [], `${state}, ${colorScheme}, ${width} px`);
          assert(passes.some(({ id }) => id === 'color-contrast'));
        }
      }
    }
  });

  it('fits into 320 pixels without scrolling sideways', async (t) => {
    const tab = await open(t, { viewport: { width: 320, height: 640 } });
    for (const [state, reach] of Object.entries(STATES)) {
      await reach(tab);
      const width = await tab.page.evaluate(() => document.documentElement.scrollWidth);
      assert.equal(width, 320, state);
    }
  });

  it('can be used with the keyboard alone, and shows where it is', async (t) => {
    const tab = await stage.visit(t, shop);
    /** Tabs on to a button or field, and looks at each stop on the way. */
    const tabTo = async (target) => {
      for (let stops = 0; stops < 20; stops += 1) {
        await tab.page.keyboard.press('Tab');
        if (await target.evaluate((element) => element === document.activeElement)) {
          await assertFocusShows(tab.page);
          return;
        }
      }
      assert.fail(`20 stops, and none is ${target}`);
    };
    const button = (name) => tab.page.getByRole('button', { name });

    await tabTo(tab.page.getByLabel('E-mail'));
    await tab.page.keyboard.type(JANE.email);
    await tabTo(tab.page.getByLabel('Password'));
    await tab.page.keyboard.type('correct hoarse');
    await tab.page.keyboard.press('Enter');
    await says(tab.page.getByRole('alert'), 'The shop says: the email or the password is wrong');

    await tabTo(button('Jane Doe'));
    await tab.page.keyboard.press('Enter');
    await assertFocusShows(tab.page);
    await tab.page.keyboard.press('Enter'); // The focus stands on the log-in button now.
    await button('Log out').waitFor();
    await assertFocusShows(tab.page);

    await tab.hears(VERIFIED);
    await tabTo(tab.page.getByRole('radio', { name: 'required' }));
    await tab.page.keyboard.press('ArrowUp');
    await tab.hears('Verification is now: observe.');
    await assertFocusShows(tab.page);
    await tab.page.keyboard.press('ArrowDown');
    await tab.hears('Verification is now: required.');

    await tabTo(button('Identify me'));
    await tab.page.keyboard.press('Enter');
    await tab.hears(VERIFIED);
    assert.deepEqual(await tab.shown(), VERIFIED_JANE);
    await tabTo(button('Identify without a signature'));
    await tabTo(button('Try a forged signature'));
    await tab.page.keyboard.press('Space');
    await tab.hears(`${FORGED_TOKEN} ${UNCHANGED}`);

    await tabTo(button('Log out'));
    await tab.page.keyboard.press('Enter');
    await tab.hears('You are logged out, and the chat has a new visitor.');
    await assertFocusShows(tab.page);
  });

  it('keeps the focus where the answer stands when the retry button goes', async (t) => {
    const tab = await open(t);
    await STATES['when a customer is logged in'](tab);
    await STATES['when the network fails'](tab);
    await tab.page.unroute('**/v1/identify');
    await tab.page.getByRole('button', { name: 'Try again' }).focus();
    await tab.page.keyboard.press('Enter');
    await tab.hears(VERIFIED_BY_HMAC);
    assert.equal(
      await tab.page.evaluate(() => document.activeElement.getAttribute('role')),
      'status',
    );
  });

  it('announces every outcome, also one that is the same again', async (t) => {
    const tab = await stage.visit(t, shop);
    await tab.page.getByRole('status').evaluate((status) => {
      globalThis.announced = [];
      new MutationObserver(() => announced.push(status.textContent)).observe(status, {
        childList: true,
        characterData: true,
        subtree: true,
      });
    });
    for (let time = 0; time < 2; time += 1) {
      await tab.press('Try a forged signature');
      await tab.hears(`${FORGED_TOKEN} ${NO_RECORD}`);
    }
    assert.deepEqual(
      await tab.page.evaluate(() => announced),
      Array(2)
        .fill(['One moment…', `${FORGED_TOKEN} ${NO_RECORD}`])
        .flat(),
    );
  });

  it('does not move where its reader wants no motion', async (t) => {
    const tab = await stage.visit(t, shop);
    const moving = () =>
      tab.page.evaluate(() =>
        [...document.querySelectorAll('*')]
          .filter((element) => {
            const { animationName, scrollBehavior, transitionDuration } = getComputedStyle(element);
            return (
              animationName !== 'none' ||
              scrollBehavior !== 'auto' ||
              /[1-9]/.test(transitionDuration)
            );
          })
          .map((element) => element.outerHTML),
      );
    await tab.page.emulateMedia({ reducedMotion: 'no-preference' });
    assert.notDeepEqual(await moving(), []);
    await tab.page.emulateMedia({ reducedMotion: 'reduce' });
    assert.deepEqual(await moving(), []);
  });
});

async function assertFocusShows(page) {
  const { outline, inView, html } = await page.evaluate(() => {
    const element = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    const { top, bottom, left, right } = element.getBoundingClientRect();
    return {
      html: element.outerHTML,
      outline: outlineStyle === 'solid' ? Number.parseFloat(outlineWidth) : 0,
      // A page scrolls by whole pixels.
      inView: top >= 0 && left >= 0 && Math.floor(bottom) <= innerHeight && right <= innerWidth,
    };
  });
  assert(outline >= 2, `${html} has an outline`);
  assert(inView, `${html} is in view`);
}
