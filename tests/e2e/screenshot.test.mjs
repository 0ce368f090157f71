// The picture of the page for the README. SCREENSHOT says where it is kept; otherwise it is not.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { setStage } from './stage.mjs';
import { JANE } from './tab.mjs';

describe('the picture of the page', () => {
  const stage = setStage();
  let shop;
  before(async () => {
    shop = await stage.openShop('axum');
  });

  it('shows a verified customer, and is small', async (t) => {
    const path = process.env.SCREENSHOT ?? join(stage.folder, 'demo.png');
    const viewport = { width: 1280, height: 1340 };
    const tab = await stage.visit(t, shop, { viewport, reducedMotion: 'reduce' });
    await tab.logIn(JANE);
    await tab.page.mouse.move(0, 0);
    await tab.page.screenshot({ path });

    const png = readFileSync(path);
    assert.equal(png.toString('latin1', 1, 4), 'PNG');
    assert.equal(png.readUInt32BE(16), 1280); // Its width.
    assert(png.length < 200_000, `${png.length} bytes`);
  });
});
