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
const ALL = 'externalId, name, email, metadata.plan, metadata.signupDate';
/** …that the shop has signed for, with Jane's data. */
export const VERIFIED_JANE = {
  badge: 'Verified',
  Name: 'Jane Doe',
  'E-mail': 'jane@example.com',
  'External id': 'user_123',
  Metadata: '{ "plan": "premium", "signupDate": "2025-01-15" }',
  Verified: ALL,
};

export const VERIFIED_ZOE = {
  badge: 'Verified',
  Name: 'Zoë Brandt',
  'E-mail': 'zoe@example.com',
  'External id': 'user_456',
  Metadata: '{ "plan": "basic", "signupDate": "2026-03-02" }',
  Verified: ALL,
};

/** What the chat shows where the shop has signed the visitor id alone. */
export const byHmac = (record) => ({ ...record, Verified: 'the visitor id alone' });

/** What the status says when the shop has signed for the customer. */
export const VERIFIED = 'Verified: the shop has signed who this visitor is.';
export const VERIFIED_BY_HMAC = 'Verified: the shop has signed this visitor id.';
/** …when the chat does not believe a claim, which it then knows no better than before. */
export const NOT_SIGNED =
  'Refused: HMAC verification is required: pass the hmac that your backend made for this visitor.';
export const FORGED = 'Refused: HMAC verification failed.';
export const FORGED_TOKEN =
  "Refused: the identity token is not valid; sign it with the organization's identity token key and " +
  'pass it unchanged; `identity-hmac doctor token` finds the cause.';
export const NO_RECORD = 'There is still no record.';
export const UNCHANGED = 'The record is unchanged.';

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

  /** Fills in the log-in, and sends it. */
  async enter({ email, password }) {
    await this.page.getByLabel('E-mail').fill(email);
    await this.page.getByLabel('Password').fill(password);
    await this.press('Log in');
  }

  /** Logs a customer in, whom the chat then knows. */
  async logIn(customer, outcome = VERIFIED) {
    await this.enter(customer);
    await this.page.getByRole('button', { name: 'Log out' }).waitFor();
    await this.hears(outcome);
  }

  /** Has the shop vouch for its customers by `token` or by `hmac`. */
  vouchBy(proof) {
    return this.page.getByRole('radio', { name: proof }).check();
  }

  /** Sets the demo's switch. */
  async setVerification(mode) {
    await this.page.getByRole('radio', { name: mode }).check();
    await this.hears(`Verification is now: ${mode}.`);
  }

  press(name) {
    return this.page.getByRole('button', { name, exact: true }).click();
  }

  /** Waits until the status says so. */
  hears(expected, options) {
    return says(this.page.getByRole('status'), expected, options);
  }

  /** Waits until the page has done what it was asked for. */
  async settled() {
    await this.page.locator('#status:not([data-kind="busy"])').waitFor();
  }

  text(id) {
    return this.page.locator(`#${id}`).textContent();
  }

  async showsNothingOfJane() {
    // Apart from the demo's offer to be her, and the chat's words to a user who logs in.
    const shown = await this.page.locator('#account, #chat, #demo').allInnerTexts();
    assert.doesNotMatch(shown.join('\n'), /jane|user_123|premium/i);
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
    .catch(() => {}); // The assertion shows what it says instead:
  assert.equal(await locator.textContent(), expected);
}
