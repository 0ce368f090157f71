// The picture of the page for the README.

import { describe, it } from 'node:test';
import { takePicture } from './picture.mjs';
import { setStage } from './stage.mjs';
import { JANE } from './tab.mjs';

describe('the picture of the page', () => {
  const stage = setStage();

  it('shows a verified customer, and is small', async (t) => {
    const shop = await stage.openShop('axum');
    const viewport = { width: 1280, height: 1340 };
    const tab = await stage.visit(t, shop, { viewport, reducedMotion: 'reduce' });
    await tab.logIn(JANE);
    await tab.page.mouse.move(0, 0);
    await takePicture(tab.page, stage.folder);
  });
});
