// The pictures for the documentation. SCREENSHOT says where one is kept; otherwise it is not.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Takes a picture of what the page shows. */
export async function takePicture(page, folder) {
  const path = process.env.SCREENSHOT ?? join(folder, 'picture.png');
  await page.screenshot({ path });
  const png = readFileSync(path);
  assert.equal(png.toString('latin1', 1, 4), 'PNG');
  assert.equal(png.readUInt32BE(16), 1280); // Its width.
  assert(png.length < 200_000, `${png.length} bytes`);
}
