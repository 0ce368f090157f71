// The dashboard for those who use a keyboard, a screen reader, a phone, large letters or own colours.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import axe from 'axe-core';
import { chromium } from 'playwright-core';
import { launchOptions } from './chromium.mjs';
import { setDashboard } from './dashboard.mjs';
import { isComplaint } from './operator.mjs';

/** A form with a mistake in it, or no page. The page says so; the browser logs it all the same. */
const REFUSED = /^Failed to load resource: the server responded with a status of 4(04|22) /;
const LONG = 'a'.repeat(200);
/** What somebody writes who wants to break the page's layout. */
const LONG_NAME = `Donaudampfschifffahrts${LONG.slice(0, 170)}`;

describe('the dashboard', () => {
  const dashboard = setDashboard();
  let browser;
  before(async () => {
    browser = await chromium.launch(launchOptions(join(dashboard.folder, 'net-log.json')));
  });
  after(() => browser?.close());

  /** A page of a new browser, which never has a reason to complain. */
  async function open(t, options) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const complaints = [];
    page.on('console', (message) => {
      const text = message.text();
      if (isComplaint(text) && !REFUSED.test(text)) complaints.push(text);
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    t.after(async () => {
      await context.close();
      assert.deepEqual(complaints, []);
    });
    await page.goto(dashboard.url);
    return page;
  }

  /** Sends a form, and waits for the page that answers, with its style. */
  async function press(page, name) {
    const button = page.getByRole('button', { name, exact: true });
    await Promise.all([page.waitForEvent('load'), button.click()]);
  }

  const save = (page) => press(page, 'Save');

  async function logIn(page) {
    await page.getByLabel('Admin token').fill(dashboard.adminToken);
    await press(page, 'Log in');
    await page.getByRole('heading', { name: 'Organizations' }).waitFor();
  }

  async function create(page, name) {
    await page.goto(`${dashboard.url}/new`);
    await page.getByLabel('Name').fill(name);
    await press(page, 'Create');
    const secret = await page.locator('.secret').textContent();
    await page.getByRole('link', { name: 'I have copied it' }).click();
    const organizationKey = await page.getByText(/^pk_/).textContent();
    return { url: page.url(), organizationKey, secret };
  }

  /** The states of the pages: where each is, and what else leads to it. */
  const states = [];
  before(async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(dashboard.url);
    await logIn(page);
    const empty = await create(page, 'New Shop');
    const shop = await create(page, LONG_NAME);
    await page.getByRole('radio', { name: /^observe/ }).check();
    await save(page);
    const metadata = { plan: LONG };
    const jane = { externalId: 'user_1', name: 'Jane', email: 'jane@example.com', metadata };
    await dashboard.identify(shop, 'https://shop.example', jane);
    await dashboard.identify(shop, `https://${LONG.slice(0, 60)}.example`, { name: LONG });
    const { organizationKey } = shop;
    await dashboard.identify({ organizationKey }, 'https://blog.example');
    for (const kind of ['token key', 'API key']) {
      await page.goto(`${shop.url}/keys`);
      await press(page, `New ${kind}`);
    }
    await page.goto(`${shop.url}/keys/rotate`);
    await press(page, 'Make a new secret');
    await dashboard.identify(shop, 'https://old.shop.example');
    await dashboard.count();
    await context.close();

    states.push(
      ['the organizations', dashboard.url],
      ['nothing found', `${dashboard.url}?q=${LONG}`],
      ['a new organization', `${dashboard.url}/new`],
      [
        'a refused name',
        `${dashboard.url}/new`,
        async (page) => {
          await page.getByLabel('Name').fill(' ');
          await press(page, 'Create');
          await page.getByRole('alert').waitFor();
        },
      ],
      ['the whole audit', `${dashboard.url}/audit`],
      ['a page that is not there', `${dashboard.url}/nothing`],
      ...['', '/keys', '/setup', '/test', '/people', '/origins', '/audit'].map((path) => [
        `${path}, empty`,
        empty.url + path,
      ]),
      ['the calls', shop.url],
      ['a saved change', `${shop.url}?saved=`],
      ['who would be refused', `${shop.url}/confirm?verification=required&hmac=on`],
      ['an old secret in use', `${shop.url}/keys`],
      ['a question', `${shop.url}/keys/retire`],
      [
        'every program',
        `${shop.url}/setup`,
        async (page) => {
          for (const summary of await page.locator('summary').all()) await summary.click();
        },
      ],
      [
        'a refused hmac',
        `${shop.url}/test`,
        async (page) => {
          await page.getByLabel('Visitor id').fill('visitor_1');
          await page.getByLabel('hmac or identity token').fill('0'.repeat(64));
          await press(page, 'Try it');
          await page.getByText('Refused').waitFor();
        },
      ],
      ['people', `${shop.url}/people`],
      ['a person', `${shop.url}/people?q=user_1`],
      [
        'a refused origin',
        `${shop.url}/origins`,
        async (page) => {
          await page.getByRole('textbox').fill(`https://*.${LONG}`);
          await save(page);
          await page.getByRole('alert').waitFor();
        },
      ],
      ['the audit', `${shop.url}/audit`],
      [
        'a secret that is shown once',
        `${dashboard.url}/new`,
        async (page) => {
          await page.getByLabel('Name').fill(LONG_NAME);
          await press(page, 'Create');
          await page.locator('.secret').waitFor();
        },
      ],
    );
  });

  /** Looks at every state of every page, the log-in first. */
  async function lookAtAll(page, look) {
    await look('the log-in');
    await logIn(page);
    for (const [state, url, reach] of states) {
      await page.goto(url);
      await reach?.(page);
      await look(state);
    }
  }

  it('has no fault that axe knows, in light on a desk and in dark on a phone', async (t) => {
    const page = await open(t);
    await lookAtAll(page, async (state) => {
      // What was there before is gone with its document.
      await page.evaluate(axe.source);
      for (const [colorScheme, width] of [
        ['light', 1280],
        ['dark', 360],
      ]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 800 });
        const { violations, passes } = await page.evaluate(runAxe);
        const faults = violations.flatMap(({ id, nodes }) =>
          nodes.map(({ failureSummary, html }) => `${id}: ${html}: ${failureSummary}`),
        );
        assert.deepEqual(faults, [], `${state}, ${colorScheme}, ${width} px`);
        assert(passes.some(({ id }) => id === 'color-contrast'));
      }
    });
  });

  // At 200 % a browser lays the page out in half the pixels, each of which is four of the screen's.
  for (const [screen, width] of [
    ['a desk', 1280],
    ['a phone', 360],
  ]) {
    it(`loses nothing at 200 % on ${screen}, and does not scroll sideways`, async (t) => {
      const viewport = { width: width / 2, height: 400 };
      const page = await open(t, { viewport, deviceScaleFactor: 2 });
      await lookAtAll(page, async (state) => {
        assert.deepEqual(await page.evaluate(lost), [], state);
        await checkFocus(page, state);
      });
    });
  }

  it('fits a phone of 360 pixels', async (t) => {
    const page = await open(t, { viewport: { width: 360, height: 640 } });
    await lookAtAll(page, async (state) => {
      assert.deepEqual(await page.evaluate(lost), [], state);
    });
  });

  it('can be used where the reader’s own colours replace its own', async (t) => {
    const page = await open(t, { forcedColors: 'active', contrast: 'more' });
    assert(await page.evaluate(() => matchMedia('(forced-colors: active)').matches));
    await lookAtAll(page, async (state) => {
      assert.deepEqual(await page.evaluate(indistinct), [], state);
      await checkFocus(page, state);
    });
  });

  it('can be used with the keyboard alone, and shows where it is', async (t) => {
    const page = await open(t);
    const tabTo = async (target) => {
      for (let stops = 0; stops < 25; stops += 1) {
        await page.keyboard.press('Tab');
        await page.waitForLoadState();
        if (await target.evaluate((element) => element === document.activeElement)) {
          assert.deepEqual(await page.evaluate(hiddenFocus), [], `${target} shows the focus`);
          return;
        }
      }
      assert.fail(`25 stops, and none is ${target}`);
    };
    // The field has the focus from the start.
    await page.locator('#token:focus').waitFor();
    await page.keyboard.type(dashboard.adminToken);
    await page.keyboard.press('Enter');
    await tabTo(page.getByRole('link', { name: 'New organization', exact: true }));
    await page.keyboard.press('Enter');
    await page.locator('#name:focus').waitFor();
    await page.keyboard.type('By keyboard');
    await page.keyboard.press('Enter');
    await tabTo(page.getByRole('link', { name: 'I have copied it' }));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'By keyboard' }).waitFor();
    await tabTo(page.getByRole('radio', { name: /^off/ }));
    await page.keyboard.press('ArrowDown');
    await tabTo(page.getByRole('button', { name: 'Save' }));
    await page.keyboard.press('Enter');
    // A screen reader begins with what was done.
    await page.locator('[role=status]:focus', { hasText: 'Saved.' }).waitFor();
    assert(await page.getByRole('radio', { name: /^observe/ }).isChecked());
  });
});

/** Gives the focus to whatever can be used, and expects to see where it is. */
async function checkFocus(page, state) {
  // After a key, the browser shows the focus also where a script sets it.
  await page.keyboard.press('Tab');
  const usable = 'a, button, input:not([type="hidden"]), textarea, summary, pre';
  assert.deepEqual(await page.evaluate(hiddenFocus, usable), [], state);
}

/** Runs in the page. Of a rule that holds, one element is enough. */
function runAxe() {
  return globalThis.axe.run({ resultTypes: ['violations'] });
}

/** Runs in the page: which of the elements, or of the one with the focus, do not show that they have it. */
function hiddenFocus(selector) {
  const paper = getComputedStyle(document.documentElement).backgroundColor;
  const elements = selector ? [...document.querySelectorAll(selector)] : [document.activeElement];
  return elements.flatMap((element) => {
    if (!element.checkVisibility()) return [];
    element.focus();
    const { outlineColor, outlineStyle, outlineWidth } = getComputedStyle(element);
    const { top, bottom, left, right } = element.getBoundingClientRect();
    const shows =
      element === document.activeElement &&
      outlineStyle === 'solid' &&
      Number.parseFloat(outlineWidth) >= 2 &&
      outlineColor !== paper &&
      // Of a field that is higher than the window, the browser shows the part where one writes.
      top < innerHeight &&
      bottom > 0 &&
      left >= 0 &&
      right <= innerWidth;
    return shows
      ? []
      : [`${element.outerHTML}: ${outlineStyle}, ${left} to ${right}, ${top} to ${bottom}`];
  });
}

/** Runs in the page: what a reader cannot get to by scrolling down. */
function lost() {
  const { clientWidth, scrollWidth } = document.documentElement;
  const found = scrollWidth > clientWidth ? [`${scrollWidth} px in ${clientWidth}`] : [];
  for (const element of document.querySelectorAll('body *')) {
    // What is for screen readers alone, and what scrolls by itself.
    if (element.closest('.skip, thead, pre, option') || !element.checkVisibility()) continue;
    const { left, right } = element.getBoundingClientRect();
    const { overflowX } = getComputedStyle(element);
    const isCut = overflowX !== 'visible' && element.scrollWidth > element.clientWidth;
    const isField = ['INPUT', 'TEXTAREA'].includes(element.tagName);
    if (left < 0 || Math.floor(right) > clientWidth || (isCut && !isField)) {
      found.push(`${element.outerHTML.slice(0, 200)}: ${left} to ${right}`);
    }
  }
  return found;
}

/** Runs in the page: what looks like its surroundings once the colours are the reader's. */
function indistinct() {
  const found = [];
  const paper = getComputedStyle(document.documentElement).backgroundColor;
  for (const element of document.querySelectorAll(
    'button, .button, input:not([hidden]), textarea',
  )) {
    const { appearance, borderTopColor, borderTopStyle } = getComputedStyle(element);
    const isNative = ['radio', 'checkbox'].includes(element.type) && appearance === 'auto';
    const isEdged = borderTopStyle === 'solid' && borderTopColor !== paper;
    if (element.type !== 'hidden' && !isNative && !isEdged) found.push(element.outerHTML);
  }
  const edge = (tab) => getComputedStyle(tab).borderBottomColor;
  const [current, ...others] = [
    ...document.querySelectorAll('.tabs [aria-current]'),
    ...document.querySelectorAll('.tabs a:not([aria-current])'),
  ];
  found.push(...others.filter((tab) => edge(tab) === edge(current)).map((tab) => tab.outerHTML));
  for (const element of document.querySelectorAll('.done, .failed, .figure')) {
    const { borderInlineStartColor } = getComputedStyle(element);
    if (borderInlineStartColor === paper) found.push(element.outerHTML);
  }
  return found;
}
