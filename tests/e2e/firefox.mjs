// Debian's Firefox, over WebDriver BiDi.

import puppeteer from 'puppeteer-core';

export function launchFirefox() {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    extraPrefsFirefox: {
      // It finds its maker's hosts no more than any other.
      'network.dns.forceResolve': '127.0.0.1',
    },
  });
}
