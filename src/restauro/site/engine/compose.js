/**
 * A damaged picture: what may be seen of it, and the only way to paint on it. `fill/compose.py` in
 * JavaScript: known pixels stay as they are, and nothing hidden is shown.
 */

import { Canvas, forEachPixel, hide } from "./canvas.js";
import { Box, rint } from "./windows.js";
/** @import { Size } from "./windows.js" */

const LEVEL = Math.fround(1 / 255);

export class Damaged {
  /** Told what is painted: together all of the hole, and nothing twice. @type {(box: Box) => void} */
  onPaint = () => {};

  /**
   * @param {Size} size
   * @param {Uint8ClampedArray<ArrayBuffer>} pixels red, green, blue and alpha of each, painted in place
   * @param {Uint8Array} hole
   */
  constructor(size, pixels, hole) {
    this.size = size;
    this.pixels = pixels;
    this.hole = hole;
  }

  /** Pixels of the hole in a box. @param {Box} [box] */
  count(box = Box.of(this.size)) {
    let count = 0;
    forEachPixel(this.size, box, 1, (at) => (count += this.hole[at]));
    return count;
  }

  /**
   * The `window` of the picture; what is painted lands in the holes in `box`. Holes outside the box
   * are hidden, too, and so is what is fully transparent.
   * @param {Box} box
   * @param {Box} window
   */
  canvas(box, window) {
    const { size, pixels, hole } = this;
    const known = new Uint8Array(window.height * window.width);
    forEachPixel(size, window, 1, (at, from) => {
      known[from] = Number(!hole[at] && pixels[4 * at + 3] > 0);
    });
    let isErased = true;
    forEachPixel(size, box, 1, (at) => {
      if (hole[at] && pixels[4 * at + 3]) isErased = false;
    });
    const placed = (/** @type {Box} */ part) => part.moved(window.top, window.left);
    const look = (/** @type {Box} */ part) => {
      const colours = new Float32Array(3 * part.height * part.width);
      const isKnown = new Uint8Array(part.height * part.width);
      forEachPixel(size, placed(part), 3, (_, from, i, channel) => {
        colours[from] = pixels[4 * i + channel] * LEVEL;
      });
      forEachPixel(window.size, part, 1, (at, from) => (isKnown[from] = known[at]));
      hide(colours, isKnown);
      return colours;
    };
    const paint = (/** @type {Box} */ part, /** @type {Float32Array} */ colours) => {
      forEachPixel(size, placed(part), 3, (_, from, i, channel) => {
        if (!hole[i]) return;
        pixels[4 * i + channel] = rint(colours[from] * 255);
        if (isErased) pixels[4 * i + 3] = 255;
      });
      this.onPaint(placed(part));
    };
    return new Canvas(window.size, known, look, paint);
  }
}

/**
 * Every pixel whose row and column are within `pixels` of the hole's.
 * @param {Uint8Array} hole
 * @param {Size} size
 * @param {number} pixels
 */
export function grown(hole, [height, width], pixels) {
  const across = reached(hole, height, width, width, 1, pixels);
  return reached(across, width, height, 1, width, pixels);
}

/**
 * What lies within `pixels` of something on its line.
 * @param {Uint8Array} mask
 * @param {number} lines
 * @param {number} length of a line
 * @param {number} apart from one line to the next
 * @param {number} step from one pixel of a line to the next
 * @param {number} pixels
 */
function reached(mask, lines, length, apart, step, pixels) {
  const result = new Uint8Array(mask.length);
  for (let line = 0; line < lines; line++) {
    const at = (/** @type {number} */ i) => line * apart + i * step;
    for (let i = -pixels, count = 0; i < length; i++) {
      if (i + pixels < length) count += mask[at(i + pixels)];
      if (i > pixels) count -= mask[at(i - pixels - 1)];
      if (i >= 0) result[at(i)] = Number(count > 0);
    }
  }
  return result;
}
