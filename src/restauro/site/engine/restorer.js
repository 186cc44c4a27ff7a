/** Fills the holes of a picture with a network: `Restorer._painting` of `fill/restorer.py`. */

import { fill, scaleFor } from "./filling.js";
import { oneColoured, withinGamut } from "./gamut.js";
import { MAX_SIDE, fillLineArt, lineArtOn } from "./line_art.js";
import { WindowRule, holeBoxes } from "./windows.js";
/** @import { Damaged } from "./compose.js" */
/** @import { Predict } from "./filling.js" */
/** @import { Size } from "./windows.js" */

/**
 * Paints each group of holes; what follows from the surroundings alone needs no network.
 * @param {Damaged} picture
 * @param {{size: Size, multiple: number | null}} card of the model
 * @param {Predict} predict
 */
export async function paint(picture, { size, multiple }, predict) {
  const rule = new WindowRule(size, multiple);
  const { hole } = picture;
  const plain = oneColoured(picture);
  const unclear = hole.slice();
  for (const { box } of plain) {
    for (let y = box.top; y < box.bottom; y++) {
      unclear.fill(0, y * picture.size[1] + box.left, y * picture.size[1] + box.right);
    }
  }
  for (const box of holeBoxes(unclear, picture.size, rule.core(picture.size))) {
    const scale = scaleFor(hole, picture.size, box, rule);
    const window = rule.surroundings(box, picture.size, scale);
    const canvas = picture.canvas(box, window);
    const art = Math.max(...box.size) <= MAX_SIDE ? lineArtOn(canvas) : null;
    if (art) fillLineArt(canvas, box.within(window), art);
    else await fill(withinGamut(canvas), box.within(window), rule, predict);
  }
  for (const one of plain) one.paint();
}
