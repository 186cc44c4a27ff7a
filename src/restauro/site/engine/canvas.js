/**
 * A picture that is seen and painted part by part, and at another size: `fill/canvas.py` in
 * JavaScript. Colours are channels of floats one after another, (3, h, w), in [0, 1].
 */

import { BICUBIC, BILINEAR, HAMMING, resizedLayers } from "./resampling.js";
import { Box, parts, rint } from "./windows.js";
/** @import { Filter } from "./resampling.js" */
/** @import { Size } from "./windows.js" */

/** The channels (C, h, w) in a box of a picture. @typedef {(box: Box) => Float32Array} Look */
/** Takes colours for what is hidden in a box. @typedef {(box: Box, colours: Float32Array) => void} Paint */

const WHITE = 65535;
const REACH = 3; // pixels of the coarser size: bicubic sees 2, and one more for rounding
const KNOWN_SHARE = 0.5; // of what a pixel of a smaller picture stands for, for it to be known

/** Known and hidden pixels; only hidden ones are painted. */
export class Canvas {
  /**
   * @param {Size} size
   * @param {Uint8Array} known
   * @param {Look} look black where nothing is known
   * @param {Paint} paint
   */
  constructor(size, known, look, paint) {
    this.size = size;
    this.known = known;
    this.look = look;
    this.paint = paint;
  }

  /**
   * Paints into the levels (3, H, W) of an image.
   * @param {Size} size
   * @param {Uint16Array} image
   * @param {Uint8Array} known
   */
  static on(size, image, known) {
    const look = (/** @type {Box} */ box) => {
      const colours = toColours(cut(image, size, box));
      hide(colours, cut(known, size, box));
      return colours;
    };
    return new Canvas(size, known, look, (box, colours) => {
      forEachPixel(size, box, 3, (at, from, i) => {
        if (!known[i]) image[at] = rint(colours[from] * WHITE);
      });
    });
  }

  /** Share of the pixels that is known. */
  get share() {
    return this.known.reduce((sum, isKnown) => sum + isKnown, 0) / this.known.length;
  }

  /** Whether a box holds nothing hidden. @param {Box} box */
  isKnown(box) {
    return !cut(this.known, this.size, box).includes(0);
  }
}

/** @param {Uint16Array} levels */
export function toColours(levels) {
  const colours = new Float32Array(levels.length); // `from` would take ten times as long
  for (let i = 0; i < levels.length; i++) colours[i] = levels[i] / WHITE;
  return colours;
}

/**
 * The part in `box` of channels (C, h, w); zeros outside them.
 * @template {Uint8Array | Uint16Array | Float32Array} Values
 * @param {Values} values
 * @param {Size} size
 * @param {Box} box
 * @returns {Values}
 */
export function cut(values, [height, width], box) {
  const channels = values.length / (height * width);
  const Kind = /** @type {new (length: number) => Values} */ (values.constructor);
  const result = new Kind(channels * box.height * box.width);
  const inside = box.clipped(new Box(0, 0, height, width));
  const to = inside.within(box);
  for (let channel = 0; channel < channels && inside.width > 0; channel++) {
    for (let y = inside.top; y < inside.bottom; y++) {
      const start = (channel * height + y) * width;
      const row = channel * box.height + to.top + y - inside.top;
      const stretch = values.subarray(start + inside.left, start + inside.right);
      result.set(/** @type {any} */ (stretch), row * box.width + to.left);
    }
  }
  return result;
}

/**
 * Visits the pixels in a box of channels (C, h, w).
 * @param {Size} size
 * @param {Box} box
 * @param {number} channels
 * @param {(at: number, from: number, i: number, channel: number) => void} visit told where a value
 *   lies in the picture, where in the box, where its pixel in one channel of the picture
 */
export function forEachPixel([height, width], box, channels, visit) {
  for (let channel = 0, from = 0; channel < channels; channel++) {
    for (let y = box.top; y < box.bottom; y++) {
      for (let x = box.left; x < box.right; x++, from++) {
        const i = y * width + x;
        visit(channel * height * width + i, from, i, channel);
      }
    }
  }
}

/**
 * Blackens what is not known.
 * @param {Float32Array} layers (C, h, w)
 * @param {Uint8Array} known (h, w)
 */
export function hide(layers, known) {
  for (let at = 0; at < layers.length; at += known.length) {
    for (let i = 0; i < known.length; i++) if (!known[i]) layers[at + i] = 0;
  }
}

/**
 * A part of the picture of `size` at the `other` size; looks at no more than needed.
 * @param {Look} look
 * @param {Size} size
 * @param {Box} part
 * @param {Size} other
 * @param {Filter} [filter]
 */
export function partResized(look, size, part, other, filter = BICUBIC) {
  const [down, across] = [size[0] / other[0], size[1] / other[1]];
  const [top, left] = [part.top * down, part.left * across];
  const bottom = Math.min(part.bottom * down, size[0]);
  const right = Math.min(part.right * across, size[1]);
  const exact = new Box(Math.floor(top), Math.floor(left), Math.ceil(bottom), Math.ceil(right));
  const seen = exact.grown(Math.ceil(REACH * Math.max(down, across, 1))).clipped(Box.of(size));
  return resizedLayers(look(seen), seen.size, part.size, filter, [
    left - seen.left,
    top - seen.top,
    right - seen.left,
    bottom - seen.top,
  ]);
}

/**
 * Levels (3, h, w) and known (h, w) at another size: averages of known pixels alone.
 * @param {Canvas} canvas
 * @param {Size} size
 */
export function shrunk(canvas, size) {
  const image = new Uint16Array(3 * size[0] * size[1]);
  const known = new Uint8Array(size[0] * size[1]);
  const weighted = (/** @type {Box} */ box) =>
    joined(canvas.look(box), Float32Array.from(cut(canvas.known, canvas.size, box)));
  for (const part of parts(Box.of(size))) {
    const smaller = partResized(weighted, canvas.size, part, size, HAMMING);
    const share = smaller.subarray((3 * smaller.length) / 4);
    forEachPixel(size, part, 1, (at, from) => (known[at] = Number(share[from] >= KNOWN_SHARE)));
    forEachPixel(size, part, 3, (at, from, i) => {
      const average = smaller[from] / Math.max(share[from % share.length], KNOWN_SHARE);
      image[at] = known[i] && rint(Math.min(average, 1) * WHITE);
    });
  }
  return { image, known };
}

/**
 * Layers (C, ...size) blurred over about `radius` pixels: a smaller copy, enlarged again.
 * @param {Float32Array} layers
 * @param {Size} size
 * @param {number} radius
 */
export function smoothed(layers, size, radius) {
  const [height, width] = size;
  /** @type {Size} */
  const small = [Math.ceil(height / radius), Math.ceil(width / radius)];
  return resizedLayers(resizedLayers(layers, size, small, HAMMING), small, size, BILINEAR);
}

/** @param {Float32Array[]} some channels of one size */
export function joined(...some) {
  const result = new Float32Array(some.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const layers of some) {
    result.set(layers, at);
    at += layers.length;
  }
  return result;
}
