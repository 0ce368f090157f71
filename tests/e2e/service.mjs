// The identity service, on a SQLite file of its own, as an operator runs it.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const { SERVER } = process.env;

export class Service {
  /** Where it listens, the same after a restart. */
  url = 'http://127.0.0.1:0';
  #adminUrl = 'http://127.0.0.1:0';
  /** Where the dashboard is. */
  dashboardUrl;
  /** What nobody but the vendor may know, by name. */
  secrets = {};
  #folder;
  #process;
  #ended;

  constructor(folder) {
    this.#folder = folder;
  }

  async start() {
    if (!SERVER) throw new Error('SERVER is not set; set it to the path of identity-hmac-server');
    this.#process = spawn(SERVER, ['serve'], {
      ...this.#surroundings(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(this.#process, 'spawn'); // Rejects if there is no such program.
    this.#ended = once(this.#process, 'exit');
    for await (const line of createInterface({ input: this.#process.stdout })) {
      const [, token] = line.match(/^admin token, shown this once: (\S+)$/) ?? [];
      if (token) this.secrets['admin token'] = token;
      const [, adminUrl] = line.match(/^admin interface on (\S+)$/) ?? [];
      if (adminUrl) this.#adminUrl = adminUrl;
      const [, dashboardUrl] = line.match(/^dashboard on (\S+)$/) ?? [];
      if (dashboardUrl) this.dashboardUrl = dashboardUrl;
      const [, url] = line.match(/^listening on (\S+)$/) ?? [];
      if (url) {
        this.url = url;
        this.secrets['master key'] ??= readFileSync(
          join(this.#folder, 'identity-master.key'),
          'utf8',
        ).trim();
        return;
      }
    }
    throw new Error('the service has ended without listening; what it said stands above');
  }

  async stop() {
    this.#process?.kill('SIGTERM');
    await this.#ended;
  }

  /** Lets it take connections, but answer nothing until it is resumed. */
  pause() {
    this.#process.kill('SIGSTOP');
  }

  resume() {
    this.#process.kill('SIGCONT');
  }

  /** A new organization, with its `secret` and its `tokenKey`. */
  async createOrganization(verification) {
    const organization = JSON.parse(
      await this.#run('org', 'create', 'Corner Shop', '--verification', verification, '--json'),
    );
    const { key } = JSON.parse(
      await this.#run('org', 'token-key', 'create', organization.id, '--json'),
    );
    this.secrets[`secret of ${organization.id}`] = organization.secret;
    this.secrets[`token key of ${organization.id}`] = key;
    return { ...organization, tokenKey: key };
  }

  /** What the vendor does to change how an organization is verified. */
  async setVerification({ id }, mode) {
    await this.#run('org', 'verification', id, mode);
  }

  async allowOrigins({ id }, allowedOrigins) {
    const response = await fetch(`${this.#adminUrl}/v1/admin/organizations/${id}`, {
      method: 'PATCH',
      headers: {
        Authorization: `Bearer ${this.secrets['admin token']}`,
        'Content-Type': 'application/json',
      },
      body: JSON.stringify({ allowedOrigins }),
    });
    if (!response.ok) throw new Error(await response.text());
  }

  /** The records of all visitors of an organization. */
  async identities({ id }) {
    const lines = (await this.#run('identity', 'list', id)).trimEnd().split('\n');
    return lines.filter(Boolean).map((line) => JSON.parse(line));
  }

  async #run(...args) {
    return (await promisify(execFile)(SERVER, args, this.#surroundings())).stdout;
  }

  #surroundings() {
    const env = {
      IDENTITY_LISTEN: new URL(this.url).host,
      IDENTITY_ADMIN_LISTEN: new URL(this.#adminUrl).host,
      IDENTITY_LOG: 'error',
    };
    return { cwd: this.#folder, env };
  }
}
