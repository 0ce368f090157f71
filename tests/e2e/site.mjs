// A customer's site that is nothing but pages with the client, and a line to the service that takes
// its time.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { setTimeout as pass } from 'node:timers/promises';

const CLIENT = readFileSync(
  new URL('../../bindings/browser/build/global.js', import.meta.url),
  'utf8',
);
const WITH_CLIENT = '<script src="/identity-hmac-browser/global.js"></script>';

/** A site whose every page has the client, under the policy if there is one, or is `html`. */
export async function openSite(t, { policy, html = WITH_CLIENT } = {}) {
  const server = createServer(async ({ url }, response) => {
    if (url === '/identity-hmac-browser/global.js') {
      await pass(100); // As from a server that is not on this machine.
      response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(CLIENT);
      return;
    }
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    // As of a page for one person: it is gone when the next one is there, and not in a cache.
    response.setHeader('Cache-Control', 'no-store');
    if (policy) response.setHeader('Content-Security-Policy', policy);
    response.end(`<!doctype html><link rel="icon" href="data:,"><title>Shop</title>${html}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** An address at which the service is, with so many milliseconds from there and back. */
export async function openSlowLine(t, serviceUrl, milliseconds) {
  const { hostname, port } = new URL(serviceUrl);
  const sockets = new Set();
  const carry = (from, to) => {
    sockets.add(from);
    // Timers of one length keep their order.
    const late = (act) => setTimeout(() => !to.destroyed && act(), milliseconds / 2);
    from.on('data', (bytes) => late(() => to.write(bytes)));
    from.on('end', () => late(() => to.end()));
    from.on('error', () => to.destroy());
  };
  const server = createTcpServer((browser) => {
    const service = connect(Number(port), hostname);
    carry(browser, service);
    carry(service, browser);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}
