/**
 * Where to look: `fill/windows.py` in JavaScript, step by step and under the same names.
 * A size is [height, width]; masks are bytes, row by row, not 0 = hole.
 */

const LONG = 4; // groups of holes this many times as long as one window fills are parted anywhere
const PART = 768; // side in pixels of what is in work at once of a large picture: bounds memory

/** @typedef {[number, number]} Size */

/** Rows `top` to `bottom`, columns `left` to `right`, ends excluded; may leave the picture. */
export class Box {
  /**
   * @param {number} top
   * @param {number} left
   * @param {number} bottom
   * @param {number} right
   */
  constructor(top, left, bottom, right) {
    this.top = top;
    this.left = left;
    this.bottom = bottom;
    this.right = right;
  }

  /** @param {Size} size */
  static of([height, width]) {
    return new Box(0, 0, height, width);
  }

  get height() {
    return this.bottom - this.top;
  }

  get width() {
    return this.right - this.left;
  }

  /** @returns {Size} */
  get size() {
    return [this.height, this.width];
  }

  /**
   * @param {number} down
   * @param {number} right
   */
  moved(down, right) {
    return new Box(this.top + down, this.left + right, this.bottom + down, this.right + right);
  }

  /** The same box, its rows and columns counted from the corner of another. @param {Box} other */
  within(other) {
    return this.moved(-other.top, -other.left);
  }

  /** @param {number} pixels more on each side */
  grown(pixels) {
    const { top, left, bottom, right } = this;
    return new Box(top - pixels, left - pixels, bottom + pixels, right + pixels);
  }

  /** @param {Box} other */
  touches(other) {
    return Math.min(...this.clipped(other).size) > 0;
  }

  /** What both boxes share; a side below 1 if that is nothing. @param {Box} other */
  clipped(other) {
    return new Box(
      Math.max(this.top, other.top),
      Math.max(this.left, other.left),
      Math.min(this.bottom, other.bottom),
      Math.min(this.right, other.right),
    );
  }
}

/** Which windows a model takes, and how much of one may be hole. */
export class WindowRule {
  /**
   * @param {Size} size that the model was trained on: no window is smaller
   * @param {number | null} multiple height and width may be any multiple of this; null = only `size`
   */
  constructor(size, multiple) {
    this.size = size;
    this.multiple = multiple;
  }

  /** @returns {Size} */
  get largest() {
    const [height, width] = this.size;
    return this.multiple === null ? this.size : [2 * height, 2 * width];
  }

  /**
   * The most that one window fills: a side that it shows whole, half of a longer one.
   * @param {Size} picture
   */
  core(picture) {
    return sides((i) =>
      picture[i] <= this.largest[i] ? picture[i] : Math.floor(this.largest[i] / 2),
    );
  }

  /** Rows and columns that a window shows on each side of what it fills. */
  get context() {
    return sides((i) => Math.floor(this.largest[i] / 4));
  }

  /** How far from known pixels detail is filled in, in pixels; deeper, a coarser copy is. */
  get reach() {
    return Math.floor(Math.min(...this.size) / 8);
  }

  /**
   * What the model sees to fill `cell`: shifted into the picture, or around it.
   * @param {Box} cell
   * @param {Size} picture
   */
  window(cell, picture) {
    const size = sides((i) => {
      const wanted = this.#rounded(cell.size[i] + 2 * this.context[i]);
      const most = Math.min(wanted, this.largest[i], this.#rounded(picture[i]));
      return Math.max(this.size[i], most);
    });
    return around(cell, size, picture);
  }

  /**
   * What is needed to fill `box` at this scale and finer ones; inside the picture.
   * @param {Box} box
   * @param {Size} picture
   * @param {number} scale
   */
  surroundings(box, picture, scale) {
    const size = sides((i) => {
      const wanted = Math.max(box.size[i] + 2 * scale * this.context[i], this.size[i]);
      return Math.min(wanted, picture[i]);
    });
    return around(box, size, picture);
  }

  /** @param {number} side */
  #rounded(side) {
    const multiple = this.multiple ?? 1;
    return multiple * Math.ceil(side / multiple);
  }
}

/**
 * Bounding boxes of groups of holes; every hole pixel is in exactly one, and none overlap.
 * @param {Uint8Array} mask
 * @param {Size} size of the mask
 * @param {Size} together holes that fit into one box of this size stay together
 */
export function holeBoxes(mask, size, together) {
  const found = [];
  const pending = [Box.of(size)];
  for (let area; (area = pending.pop()); ) {
    const [rows, columns] = used(mask, size, area);
    if (!rows.includes(1)) continue;
    const [top, bottom] = extent(rows);
    const [left, right] = extent(columns);
    const box = new Box(top, left, bottom, right).moved(area.top, area.left);
    const [row, rowGap] = widestGap(rows, together[0]);
    const [column, columnGap] = widestGap(columns, together[1]);
    const fits = box.height <= together[0] && box.width <= together[1];
    if (fits || Math.max(rowGap, columnGap) === 0) found.push(box);
    else if (rowGap >= columnGap) {
      const cut = area.top + row;
      pending.push(new Box(cut, box.left, box.bottom, box.right));
      pending.push(new Box(box.top, box.left, cut, box.right));
    } else {
      const cut = area.left + column;
      pending.push(new Box(box.top, cut, box.bottom, box.right));
      pending.push(new Box(box.top, box.left, box.bottom, cut));
    }
  }
  return found;
}

/**
 * Covers a box with parts of at most `PART` pixels a side, which do not overlap.
 * @param {Box} box
 */
export function parts(box) {
  const found = [];
  for (let top = box.top; top < box.bottom; top += PART) {
    for (let left = box.left; left < box.right; left += PART) {
      found.push(new Box(top, left, top + PART, left + PART).clipped(box));
    }
  }
  return found;
}

/**
 * Covers a box evenly with cells of at most the size `core`, which overlap by a quarter.
 * @param {Box} box
 * @param {Size} core
 */
export function cells(box, core) {
  const columns = stretches(box.left, box.right, core[1]);
  return stretches(box.top, box.bottom, core[0]).flatMap(([top, bottom]) =>
    columns.map(([left, right]) => new Box(top, left, bottom, right)),
  );
}

/** Half to even, as NumPy rounds. @param {number} value */
export function rint(value) {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 ? rounded - 1 : rounded;
}

/**
 * @param {number} start
 * @param {number} end
 * @param {number} length
 */
function stretches(start, end, length) {
  if (end - start <= length) return [[start, end]];
  const room = end - start - length;
  const count = Math.ceil((4 * room) / (3 * length)) + 1;
  return Array.from({ length: count }, (_, i) => {
    const first = i === count - 1 ? end - length : rint(start + i * (room / (count - 1)));
    return [first, first + length];
  });
}

/**
 * A box of this size with `box` in its middle, shifted into the picture, or around it.
 * @param {Box} box
 * @param {Size} size
 * @param {Size} picture
 */
function around(box, size, picture) {
  const top = startOf(Math.floor((box.top + box.bottom - size[0]) / 2), size[0], picture[0]);
  const left = startOf(Math.floor((box.left + box.right - size[1]) / 2), size[1], picture[1]);
  return new Box(top, left, top + size[0], left + size[1]);
}

/**
 * @param {number} wanted
 * @param {number} length
 * @param {number} limit
 */
function startOf(wanted, length, limit) {
  if (length > limit) return Math.floor((limit - length) / 2);
  return Math.min(Math.max(wanted, 0), limit - length);
}

/** @param {(axis: 0 | 1) => number} side @returns {Size} */
function sides(side) {
  return [side(0), side(1)];
}

/**
 * Which rows and which columns of an area hold something.
 * @param {Uint8Array} mask
 * @param {Size} size
 * @param {Box} area
 */
function used(mask, [, width], { top, left, bottom, right }) {
  const rows = new Uint8Array(bottom - top);
  const columns = new Uint8Array(right - left);
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      if (mask[y * width + x]) rows[y - top] = columns[x - left] = 1;
    }
  }
  return [rows, columns];
}

/** First 1, and one past the last. @param {Uint8Array} used */
function extent(used) {
  return [used.indexOf(1), used.lastIndexOf(1) + 1];
}

/**
 * Start and length of the run of 0 between two 1 to part at; 0, 0 if none is worth it.
 * @param {Uint8Array} used
 * @param {number} together
 */
function widestGap(used, together) {
  const [first, end] = extent(used);
  /** @type {[number, number][]} */
  const gaps = []; // start and length
  for (let last = first, i = first + 1; i < end; i++) {
    if (!used[i]) continue;
    gaps.push([last + 1, i - last - 1]);
    last = i;
  }
  const length = gaps.reduce((most, [, gap]) => Math.max(most, gap), 0);
  const isLong = end - 1 - first >= LONG * together;
  if (length === 0 || (length < Math.floor(together / 2) && !isLong)) return [0, 0];
  const widest = gaps.filter(([, gap]) => gap === length);
  return [widest[Math.floor(widest.length / 2)][0], length];
}
