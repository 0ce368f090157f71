// An operator at the dashboard, in Chromium or in Firefox, who uses what a screen reader would name.

import assert from 'node:assert/strict';
import { setTimeout as pass } from 'node:timers/promises';

/** Longer than any page takes. */
const PATIENCE = 30_000;

/** Chromium tells it when a test fills a field before the page has given it the focus. */
const FOCUSED_BEFORE =
  /^Autofocus processing was blocked because a document already has a focused element/;

/** Whether a message on the browser's console says that something is wrong with the page. */
export const isComplaint = (text) => !FOCUSED_BEFORE.test(text);

export class Operator {
  /** What the browser has complained about. */
  complaints = [];
  #page;

  constructor(page) {
    this.#page = page;
    page.on('console', (message) => {
      if (isComplaint(message.text())) this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  open(url) {
    return this.#page.goto(url);
  }

  url() {
    return this.#page.url();
  }

  /** Asks for the page again. */
  reload() {
    return this.#page.goto(this.url());
  }

  follow(name) {
    return this.#leave('link', name);
  }

  press(name) {
    return this.#leave('button', name);
  }

  /** Clicks on what leads to another page. */
  async #leave(role, name) {
    const element = await this.#find(`::-p-aria(${name}[role="${role}"])`);
    await Promise.all([this.#page.waitForNavigation(), element.click()]);
  }

  async fill(name, text) {
    const field = await this.#find(`input[name="${name}"]`);
    await field.type(text);
  }

  async choose(mode) {
    await (await this.#find(`input[value="${mode}"]`)).click();
  }

  async unfold(title) {
    await (await this.#find(`::-p-xpath(//summary[normalize-space()="${title}"])`)).click();
  }

  async isChosen(mode) {
    return (await this.#find(`input[value="${mode}"]`)).evaluate(({ checked }) => checked);
  }

  /** What the element says. */
  async textOf(selector) {
    return (await this.#find(selector)).evaluate(({ textContent }) => textContent);
  }

  /** Expects the page to say this somewhere, on one line. */
  async sees(text) {
    const shown = (await this.textOf('main')).replace(/\s+/g, ' ');
    assert(shown.includes(text), `“${text}” is not in: ${shown}`);
  }

  /** The role of the element that has the focus, which a screen reader begins with. */
  focusedRole() {
    return this.#page.evaluate(() => document.activeElement.getAttribute('role'));
  }

  async #find(selector) {
    for (const start = Date.now(); Date.now() - start < PATIENCE; await pass(50)) {
      const element = await this.#page.$(selector);
      if (element) return element;
    }
    assert.fail(`no ${selector} on ${this.url()}`);
  }
}
