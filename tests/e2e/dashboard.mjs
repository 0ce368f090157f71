// A service with its dashboard, and the visitors that it counts.

import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { Service } from './service.mjs';

/** Starts it before the first test of the suite that calls this, and ends it after the last. */
export function setDashboard() {
  const dashboard = new Dashboard();
  before(() => dashboard.service.start());
  after(async () => {
    await dashboard.service.stop();
    rmSync(dashboard.folder, { recursive: true });
  });
  return dashboard;
}

class Dashboard {
  folder = mkdtempSync(join(tmpdir(), 'identity-hmac-dashboard-'));
  service = new Service(this.folder);

  get url() {
    return this.service.dashboardUrl;
  }

  get adminToken() {
    return this.service.secrets['admin token'];
  }

  /** A visitor identifies from a page of this origin, with or without the word of a backend. */
  async identify({ organizationKey, secret }, origin, params = {}) {
    const headers = { 'X-Organization-Key': organizationKey };
    const made = await fetch(`${this.service.url}/v1/visitors`, { method: 'POST', headers });
    const { visitorId, visitorToken } = await made.json();
    const hmac = secret && createHmac('sha256', secret).update(visitorId).digest('hex');
    const response = await fetch(`${this.service.url}/v1/identify`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${visitorToken}`,
        'Content-Type': 'application/json',
        Origin: origin,
      },
      body: JSON.stringify({ ...params, hmac }),
    });
    return response.status;
  }

  /** Lets the service write what it has counted, which it does when it ends. */
  async count() {
    await this.service.stop();
    await this.service.start();
  }
}
