/** Where a picture is damaged: `fill/finder.py` in JavaScript, at its strength of a half. */

import { Box } from "./windows.js";
/** @import { Size } from "./windows.js" */

const CORE = 832;
const MARGIN = 96;
const LEAST = 255 * 0.7; // of likelihoods in 0 to 255

/**
 * What is damaged, a byte a pixel.
 * @param {OffscreenCanvasRenderingContext2D} context of the picture
 * @param {number} multiple of which the network takes sizes
 * @param {(image: Float32Array, size: Size) => Promise<Float32Array>} likelihoods
 */
export async function damageIn(context, multiple, likelihoods) {
  const { width, height } = context.canvas;
  const whole = Box.of([height, width]);
  const damage = new Uint8Array(height * width);
  for (let top = 0; top < height; top += CORE) {
    for (let left = 0; left < width; left += CORE) {
      const core = new Box(top, left, top + CORE, left + CORE).clipped(whole);
      const window = core.grown(MARGIN).clipped(whole);
      const shown = context.getImageData(window.left, window.top, window.width, window.height);
      const size = /** @type {Size} */ (window.size.map((side) => multiple * Math.ceil(side / multiple)));
      const shares = await likelihoods(mirrored(shown, size), size);
      const plane = size[0] * size[1];
      const own = core.within(window);
      for (let y = own.top; y < own.bottom; y++) {
        for (let x = own.left; x < own.right; x++) {
          let share = 0;
          for (let at = y * size[1] + x; at < shares.length; at += plane) share += shares[at];
          const isDamaged = Math.round(255 * Math.min(share, 1)) > LEAST;
          damage[(y + window.top) * width + x + window.left] = Number(isDamaged);
        }
      }
    }
  }
  return damage;
}

/**
 * Colours (3, h, w) in [0, 1]; beyond the right and lower edge the picture is mirrored.
 * @param {ImageData} shown
 * @param {Size} size
 */
function mirrored({ data, width, height }, [rows, columns]) {
  const colours = new Float32Array(3 * rows * columns);
  for (let y = 0, to = 0; y < rows; y++) {
    const row = y < height ? y : 2 * height - 1 - y;
    for (let x = 0; x < columns; x++, to++) {
      const from = 4 * (row * width + (x < width ? x : 2 * width - 1 - x));
      for (let c = 0; c < 3; c++) colours[c * rows * columns + to] = data[from + c] / 255;
    }
  }
  return colours;
}
