// Debian's Chromium, which writes down every byte that it sends and receives.

import { readFileSync } from 'node:fs';

/** How it is launched, with the file that it writes them to. */
export function launchOptions(log) {
  return {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // Playwright would do without the cache that every reader has.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
    args: [
      '--disable-gpu',
      '--disable-quic',
      '--disable-sync',
      // It finds its maker's hosts no more than any other.
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
      `--log-net-log=${log}`,
      '--net-log-capture-mode=Everything',
    ],
  };
}

/** What it has sent, and received, once it is closed: a text for each connection or body. */
export function readTraffic(log) {
  const { constants, events } = JSON.parse(readFileSync(log, 'utf8'));
  const types = constants.logEventTypes;

  const texts = (type) => {
    const bySource = new Map();
    for (const { source, params } of events.filter((event) => event.type === types[type])) {
      const text = Buffer.from(params?.bytes ?? '', 'base64').toString('latin1');
      bySource.set(source.id, (bySource.get(source.id) ?? '') + text);
    }
    return [...bySource.values()];
  };
  return {
    sent: texts('SOCKET_BYTES_SENT'),
    // As it came, and as it is without the transfer's chunks and compression.
    received: [...texts('SOCKET_BYTES_RECEIVED'), ...texts('URL_REQUEST_JOB_FILTERED_BYTES_READ')],
  };
}
