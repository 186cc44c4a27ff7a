/** A coarse answer for those who wait: `coarse_first` of `fill/steps.py` in JavaScript. */

import { Damaged } from "./compose.js";
import { paint } from "./restorer.js";
import { Box, holeBoxes } from "./windows.js";
/** @import { Predict } from "./filling.js" */
/** @import { Size } from "./windows.js" */

const COARSE_SIDE = 512; // pixels of the longer side of the copy that a coarse answer is filled in
const LARGE = 4; // a coarse answer comes first where the copy is at least this many times smaller
const LARGE_HOLE = 50_000; // and where the hole has as many pixels: less is filled in a moment
const GROWTH = 1.75; // seconds grow with the reduction to this power

/**
 * Fills a smaller copy of a picture with a large hole, and tells its parts.
 * @param {Damaged} picture
 * @param {{size: Size, multiple: number | null}} card
 * @param {Predict} predict
 * @param {(part: Box, image: ImageData, share: number, isCoarse: boolean) => Promise<void>} tell
 * @returns {Promise<number | null>} how many seconds the whole picture may take; null: a moment
 */
export async function coarseFirst(picture, card, predict, tell) {
  const scale = Math.ceil(Math.max(...picture.size) / COARSE_SIDE);
  if (scale < LARGE || picture.count() < LARGE_HOLE) return null;
  const started = performance.now();
  const copy = reduced(picture, scale);
  if (!copy.hole.includes(0)) return null;
  await paint(copy, card, predict);
  const seconds = ((performance.now() - started) / 1000) * scale ** GROWTH;
  const [height, width] = copy.size;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context?.putImageData(new ImageData(copy.pixels, width, height), 0, 0);
  for (const { top, left, bottom, right } of holeBoxes(copy.hole, copy.size, copy.size)) {
    const place = new Box(scale * top, scale * left, scale * bottom, scale * right);
    const image = context?.getImageData(left, top, right - left, bottom - top);
    if (image) await tell(place.clipped(Box.of(picture.size)), image, 0, true);
  }
  return seconds;
}

/**
 * A copy whose pixels are means; one is known where all that it stands for is.
 * @param {Damaged} picture
 * @param {number} scale
 */
function reduced({ size, pixels, hole }, scale) {
  const [height, width] = size;
  /** @type {Size} */
  const small = [Math.ceil(height / scale), Math.ceil(width / scale)];
  const sums = new Float32Array(4 * small[0] * small[1]);
  const counts = new Float32Array(small[0] * small[1]);
  const isHole = new Uint8Array(counts.length);
  for (let i = 0; i < hole.length; i++) {
    const at = Math.floor(Math.floor(i / width) / scale) * small[1] + Math.floor((i % width) / scale);
    isHole[at] |= hole[i];
    counts[at]++;
    for (let channel = 0; channel < 4; channel++) sums[4 * at + channel] += pixels[4 * i + channel];
  }
  const means = Uint8ClampedArray.from(sums, (sum, i) => sum / counts[i >> 2]);
  return new Damaged(small, means, isHole);
}
