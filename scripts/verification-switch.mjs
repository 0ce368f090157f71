// The demo's switch for one organization: what a vendor's dashboard does once it knows who asks.
// This one asks nobody, so it listens on the loopback alone, and answers one page alone.

import { once } from 'node:events';
import { createServer } from 'node:http';

const MODES = ['off', 'observe', 'required'];

export class VerificationSwitch {
  /** The origins of the shop's page. Before they are set, nobody is answered. */
  allowedOrigins = [];
  #server = createServer((request, response) => this.#answer(request, response));
  #verification;
  #change;

  /** `change` is called with a mode, and resolves once that is in force. */
  constructor(verification, change) {
    this.#verification = verification;
    this.#change = change;
  }

  /** Listens on a free port; resolves to the URL. */
  async listen() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request, response) {
    // A browser names the page that asks. No other page is given a chance.
    const { origin } = request.headers;
    if (!this.allowedOrigins.includes(origin)) {
      response.writeHead(403).end();
      return;
    }
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Vary', 'Origin');
    response.setHeader('Cache-Control', 'no-store');
    try {
      if (request.method === 'OPTIONS') {
        response.setHeader('Access-Control-Allow-Methods', 'PUT');
        response.setHeader('Access-Control-Allow-Headers', 'Content-Type');
        response.writeHead(204).end();
        return;
      }
      if (request.method === 'PUT') {
        const mode = await readMode(request);
        if (!mode) {
          response.writeHead(400).end();
          return;
        }
        await this.#change(mode);
        this.#verification = mode;
      } else if (request.method !== 'GET') {
        response.writeHead(405, { Allow: 'GET, PUT' }).end();
        return;
      }
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ verification: this.#verification }));
    } catch (error) {
      console.error(`the verification was not changed: ${error.message}`);
      response.writeHead(500).end();
    }
  }
}

/** The mode in a request's body, if it is one. */
async function readMode(request) {
  let body = '';
  for await (const chunk of request) {
    body += chunk;
    if (body.length > 1000) return undefined;
  }
  try {
    return MODES.find((mode) => mode === JSON.parse(body).verification);
  } catch {
    return undefined;
  }
}
