// A tab that shows the shop's page, as its reader sees and uses it.

import assert from 'node:assert/strict';

export const JANE = { email: 'jane@example.com', password: 'correct horse' };
export const ZOE = { email: 'zoe@example.com', password: 'battery staple' };

/** What the chat shows of a visitor that it knows nothing about. */
export const NOBODY = {
  badge: 'Anonymous',
  Name: '–',
  'E-mail': '–',
  'External id': '–',
  Metadata: '–',
  Verified: '–',
};
/** …that the shop has signed for, with Jane's data. */
export const VERIFIED_JANE = {
  badge: 'Verified',
  Name: 'Jane Doe',
  'E-mail': 'jane@example.com',
  'External id': 'user_123',
  Metadata: '{ "plan": "premium", "signupDate": "2025-01-15" }',
  Verified: 'yes',
};

/** These answers are the page's business; the browser logs them all the same. */
const REFUSED = /^Failed to load resource: the server responded with a status of 4\d\d /;

export class Tab {
  /** What the browser has complained about: errors of scripts, and whatever breaks the policy. */
  complaints = [];

  constructor(page) {
    this.page = page;
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (message) => {
      const isAnswer = REFUSED.test(message.text()) && /\/(api|v1)\//.test(message.location().url);
      if (!isAnswer) this.complaints.push(message.text());
    });
  }

  /** Opens the page, and waits until it has started, well or not. */
  static async open(context, { origin }) {
    const tab = new Tab(await context.newPage());
    await tab.page.goto(origin);
    await tab.settled();
    return tab;
  }

  async reload() {
    await this.page.reload();
    await this.settled();
  }

  async logIn({ email, password }) {
    await this.page.getByLabel('E-mail').fill(email);
    await this.page.getByLabel('Password').fill(password);
    await this.press('Log in');
    await this.page.getByRole('button', { name: 'Log out' }).waitFor();
  }

  press(name) {
    return this.page.getByRole('button', { name, exact: true }).click();
  }

  /** Waits until the status says so. */
  hears(expected, options) {
    return says(this.page.getByRole('status'), expected, options);
  }

  /** Waits until the page has done what it was told to. */
  async settled() {
    await this.page.locator('#status:not([data-kind="busy"])').waitFor();
  }

  /** The visitor id, once there is one. */
  visitorId() {
    return this.page.locator('#visitor-id', { hasNotText: '–' }).textContent();
  }

  /** The badge, and the record by the names that the page gives its rows, but for the visitor id. */
  async shown() {
    const { 'Visitor id': _, ...record } = await this.page.evaluate(() =>
      Object.fromEntries(
        [...document.querySelectorAll('#record div')].map((row) => [
          row.querySelector('dt').textContent,
          row.querySelector('dd').textContent.replace(/\s+/g, ' '),
        ]),
      ),
    );
    return { badge: await this.page.locator('#badge').textContent(), ...record };
  }
}

/** Waits until the element has exactly this text. */
export async function says(locator, expected, options) {
  const element = await locator.elementHandle();
  await locator
    .page()
    .waitForFunction(
      ([{ textContent }, text]) => textContent === text,
      [element, expected],
      options,
    )
    .catch(() => {}); // What it says instead is told here:
  assert.equal(await locator.textContent(), expected);
}
