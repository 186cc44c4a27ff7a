/**
 * The mask: which pixels of the picture are hole. One byte a pixel, 1 = hole, 0 = known.
 *
 * It is kept apart from any canvas: edges stay sharp, 12 megapixels take 12 MB, and browsers that
 * blur what is read back from a canvas, against fingerprinting, cannot damage it.
 */

import { flip, pack } from "./bits.js";
/** @import { Hole } from "./fill.js" */
/** @import { Point } from "./view.js" */

/**
 * An area of pixels: columns left <= x < right, rows top <= y < bottom.
 * @typedef {{left: number, top: number, right: number, bottom: number}} Area
 * @typedef {{width: number, height: number}} Size
 */

export class Mask {
  /**
   * @param {number} width
   * @param {number} height
   * @param {Uint8Array} [pixels] row by row
   */
  constructor(width, height, pixels = new Uint8Array(width * height)) {
    this.width = width;
    this.height = height;
    this.pixels = pixels;
    /** How many pixels are hole; the history keeps it after each step. */
    this.count = 0;
  }

  /**
   * A mask of these holes and no other.
   * @param {Size} size
   * @param {Hole[]} holes
   */
  static of({ width, height }, holes) {
    const mask = new Mask(width, height);
    for (const hole of holes) flip(mask, hole, 1);
    return mask;
  }

  /** @returns {Area} */
  get whole() {
    return { left: 0, top: 0, right: this.width, bottom: this.height };
  }

  /** The smallest area that holds the hole. @returns {Area} */
  get bounds() {
    const { width, height, pixels } = this;
    const bounds = { left: width, top: height, right: 0, bottom: 0 };
    for (let y = 0; y < height; y++) {
      const row = pixels.subarray(y * width, (y + 1) * width);
      const left = row.indexOf(1);
      if (left < 0) continue;
      bounds.left = Math.min(bounds.left, left);
      bounds.right = Math.max(bounds.right, row.lastIndexOf(1) + 1);
      bounds.top = Math.min(bounds.top, y);
      bounds.bottom = y + 1;
    }
    return bounds;
  }

  /** The hole as it is now, packed. */
  get hole() {
    const area = this.bounds;
    return { area, bits: pack(this, area) };
  }

  /**
   * Draws all pixels within `radius` of the segment from a to b; gives where they may have changed.
   * @param {Point} a
   * @param {Point} b
   * @param {number} radius
   * @param {0 | 1} value
   */
  line(a, b, radius, value) {
    const area = this.#around(a, b, radius);
    for (let row = area.top; row < area.bottom; row++) {
      const span = spanOfLine(a, b, radius, row + 0.5);
      if (!span) continue;
      const left = Math.max(Math.round(span.left), area.left);
      const right = Math.min(Math.round(span.right), area.right);
      if (left < right) this.pixels.fill(value, row * this.width + left, row * this.width + right);
    }
    for (const end of [a, b]) {
      // a small disc may hold no pixel's centre, but the pixel it lies in is always meant
      const [x, y] = [Math.floor(end.x), Math.floor(end.y)];
      const isInside = x >= 0 && y >= 0 && x < this.width && y < this.height;
      if (isInside) this.pixels[y * this.width + x] = value;
    }
    return area;
  }

  /**
   * Fills a rectangle given by two opposite corners.
   * @param {Point} a
   * @param {Point} b
   * @param {0 | 1} value
   */
  rectangle(a, b, value) {
    const area = this.#around(a, b);
    for (let row = area.top; row < area.bottom; row++) {
      this.pixels.fill(value, row * this.width + area.left, row * this.width + area.right);
    }
    return area;
  }

  clear() {
    this.pixels.fill(0);
    return this.whole;
  }

  invert() {
    for (let i = 0; i < this.pixels.length; i++) this.pixels[i] ^= 1;
    return this.whole;
  }

  /** @param {Mask} other of the same size */
  replace(other) {
    this.pixels.set(other.pixels);
    return this.whole;
  }

  /**
   * Adds the hole of another mask of the same size, but for what is in a third.
   * @param {Mask} other
   * @param {Mask} except
   */
  add(other, except) {
    for (let i = 0; i < this.pixels.length; i++) {
      this.pixels[i] |= other.pixels[i] & ~except.pixels[i];
    }
    return this.whole;
  }

  /**
   * Makes every pixel hole whose row and column are within a distance of the hole's, as the
   * service's `grow` does; or the known part grow, which at the picture's edge it does not.
   * @param {number} distance in pixels; below 0 the hole shrinks
   */
  grow(distance) {
    const { width, height, pixels } = this;
    const value = distance > 0 ? 1 : 0;
    const reach = Math.abs(distance);
    for (let y = 0; y < height; y++) spread(pixels, y * width, 1, width, reach, value);
    for (let x = 0; x < width; x++) spread(pixels, x, width, height, reach, value);
    return this.whole;
  }

  /**
   * What of the picture is between two points and beside them, perhaps nothing.
   * @param {Point} a
   * @param {Point} b
   */
  #around(a, b, margin = 0) {
    const across = (/** @type {number} */ x) => Math.min(Math.max(x, 0), this.width);
    const down = (/** @type {number} */ y) => Math.min(Math.max(y, 0), this.height);
    return {
      left: across(Math.floor(Math.min(a.x, b.x) - margin)),
      top: down(Math.floor(Math.min(a.y, b.y) - margin)),
      right: across(Math.ceil(Math.max(a.x, b.x) + margin)),
      bottom: down(Math.ceil(Math.max(a.y, b.y) + margin)),
    };
  }
}

/**
 * Carries a value along a row or column, to both sides.
 * @param {Uint8Array} pixels
 * @param {number} start
 * @param {number} step from one pixel to the next
 * @param {number} length
 * @param {number} reach
 * @param {0 | 1} value
 */
function spread(pixels, start, step, length, reach, value) {
  let end = -1; // of what the last pixel with the value reaches
  let written = 0; // the first pixel that may still be given the value
  for (let i = 0; i < length; i++) {
    if (pixels[start + i * step] === value) {
      for (let j = Math.max(i - reach, written); j < i; j++) pixels[start + j * step] = value;
      end = i + reach;
      written = i + 1;
    } else if (i <= end) {
      pixels[start + i * step] = value;
      written = i + 1;
    }
  }
}

/** @param {Area} area */
export function sizeOf({ left, top, right, bottom }) {
  return { width: right - left, height: bottom - top };
}

/**
 * The smallest area that holds both.
 * @param {Area | null} a
 * @param {Area} b
 * @returns {Area}
 */
export function union(a, b) {
  if (!a) return b;
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  };
}

/**
 * Where the horizontal at height y cuts a line with round ends. The shape is convex, so the cut is
 * one span: from the outermost of its points on the two discs and on the two long edges.
 * @param {Point} a
 * @param {Point} b
 * @param {number} radius
 * @param {number} y
 */
function spanOfLine(a, b, radius, y) {
  let left = Infinity;
  let right = -Infinity;
  const reach = (/** @type {number} */ x) => {
    left = Math.min(left, x);
    right = Math.max(right, x);
  };
  for (const end of [a, b]) {
    const halfChord = Math.sqrt(radius ** 2 - (y - end.y) ** 2); // NaN beyond the disc
    if (halfChord >= 0) {
      reach(end.x - halfChord);
      reach(end.x + halfChord);
    }
  }
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  if (dy !== 0) {
    const length = Math.hypot(dx, dy);
    for (const side of [-radius, radius]) {
      // the edge runs beside the segment, moved by `side` along its normal (-dy, dx) / length
      const along = (y - a.y - (side * dx) / length) / dy;
      if (along >= 0 && along <= 1) reach(a.x - (side * dy) / length + along * dx);
    }
  }
  return left < right ? { left, right } : null;
}
