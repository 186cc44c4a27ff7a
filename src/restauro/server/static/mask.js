/**
 * The mask: which pixels of the picture are hole. One byte a pixel, 1 = hole, 0 = known.
 *
 * It is kept apart from any canvas: edges stay sharp, 12 megapixels take 12 MB, and browsers that
 * blur what is read back from a canvas, against fingerprinting, cannot damage it.
 */

/**
 * An area of pixels: columns left <= x < right, rows top <= y < bottom.
 * @typedef {{left: number, top: number, right: number, bottom: number}} Area
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
  }

  /** @returns {Area} */
  get whole() {
    return { left: 0, top: 0, right: this.width, bottom: this.height };
  }

  /** Share of the pixels that are hole, in [0, 1]. */
  get holeRatio() {
    let count = 0;
    for (let i = 0; i < this.pixels.length; i++) count += this.pixels[i];
    return count / this.pixels.length;
  }

  /**
   * Draws a line with round ends: all pixels within `radius` of the segment from a to b.
   * @param {{x: number, y: number}} a
   * @param {{x: number, y: number}} b
   * @param {number} radius
   * @param {0 | 1} value
   * @returns {Area} where pixels may have changed
   */
  line(a, b, radius, value) {
    const area = this.#clip({
      left: Math.floor(Math.min(a.x, b.x) - radius),
      top: Math.floor(Math.min(a.y, b.y) - radius),
      right: Math.ceil(Math.max(a.x, b.x) + radius) + 1,
      bottom: Math.ceil(Math.max(a.y, b.y) + radius) + 1,
    });
    for (let row = area.top; row < area.bottom; row++) {
      const span = spanOfLine(a, b, radius, row + 0.5);
      if (!span) continue;
      const left = Math.max(Math.round(span.left), area.left);
      const right = Math.min(Math.round(span.right), area.right);
      if (left < right) this.pixels.fill(value, row * this.width + left, row * this.width + right);
    }
    return area;
  }

  /**
   * Fills a rectangle given by two opposite corners.
   * @param {{x: number, y: number}} a
   * @param {{x: number, y: number}} b
   * @param {0 | 1} value
   * @returns {Area}
   */
  rectangle(a, b, value) {
    const area = this.#clip({
      left: Math.floor(Math.min(a.x, b.x)),
      top: Math.floor(Math.min(a.y, b.y)),
      right: Math.ceil(Math.max(a.x, b.x)),
      bottom: Math.ceil(Math.max(a.y, b.y)),
    });
    for (let row = area.top; row < area.bottom; row++) {
      this.pixels.fill(value, row * this.width + area.left, row * this.width + area.right);
    }
    return area;
  }

  /** @returns {Area} */
  clear() {
    this.pixels.fill(0);
    return this.whole;
  }

  /** @returns {Area} */
  invert() {
    for (let i = 0; i < this.pixels.length; i++) this.pixels[i] ^= 1;
    return this.whole;
  }

  /**
   * Takes the pixels of another mask of the same size.
   * @param {Mask} other
   * @returns {Area}
   */
  replace(other) {
    this.pixels.set(other.pixels);
    return this.whole;
  }

  /**
   * @param {Area} area
   * @returns {Area} empty areas have right = left or bottom = top
   */
  #clip(area) {
    const left = Math.min(Math.max(area.left, 0), this.width);
    const top = Math.min(Math.max(area.top, 0), this.height);
    return {
      left,
      top,
      right: Math.max(Math.min(area.right, this.width), left),
      bottom: Math.max(Math.min(area.bottom, this.height), top),
    };
  }
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
 * @param {{x: number, y: number}} a
 * @param {{x: number, y: number}} b
 * @param {number} radius
 * @param {number} y
 * @returns {{left: number, right: number} | null}
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
