/**
 * Resampling of single channels of floats as Pillow does it (Resample.c, mode F): the same
 * coefficients, sums in double precision, rows first and columns then.
 */

/** @typedef {{support: number, weigh: (x: number) => number}} Filter */
/** @import { Size } from "./windows.js" */

/** @type {Filter} */
export const BILINEAR = { support: 1, weigh: (x) => Math.max(0, 1 - Math.abs(x)) };

/** @type {Filter} */
export const HAMMING = {
  support: 1,
  weigh(x) {
    if (x === 0) return 1;
    if (Math.abs(x) >= 1) return 0;
    const angle = Math.abs(x) * Math.PI;
    return (Math.sin(angle) / angle) * (0.54 + 0.46 * Math.cos(angle));
  },
};

/** @type {Filter} */
export const BICUBIC = {
  support: 2,
  weigh(x) {
    const a = Math.abs(x);
    if (a < 1) return (1.5 * a - 2.5) * a * a + 1;
    return a < 2 ? -0.5 * (((a - 5) * a + 8) * a - 4) : 0;
  },
};

/**
 * Channels, or what is between the corners of them, at another size.
 * @param {Float32Array} layers (C, height, width)
 * @param {Size} from height and width
 * @param {Size} size of the result
 * @param {Filter} filter
 * @param {[number, number, number, number]} [corners] left, top, right, bottom
 * @returns {Float32Array} (C, ...size)
 */
export function resizedLayers(layers, from, size, filter, corners = [0, 0, from[1], from[0]]) {
  const [height, width] = from;
  const [left, top, right, bottom] = corners.map(Math.fround);
  const channels = layers.length / (height * width);
  const across = left || right !== size[1] || width !== size[1];
  const down = top || bottom !== size[0] || height !== size[0];
  let wide = layers;
  if (across) {
    const taps = tapsOf(width, left, right, size[1], filter);
    wide = new Float32Array(channels * height * size[1]);
    for (let row = 0; row < channels * height; row++) {
      alongRow(layers, row * width, wide, row * size[1], taps);
    }
  }
  if (!down) return across ? wide : layers.slice();
  const taps = tapsOf(height, top, bottom, size[0], filter);
  const result = new Float32Array(channels * size[0] * size[1]);
  const sums = new Float64Array(size[1]);
  for (let channel = 0; channel < channels; channel++) {
    const start = channel * height;
    for (let y = 0; y < size[0]; y++) {
      sums.fill(0);
      for (let i = 0, { first, weights } = taps[y]; i < weights.length; i++) {
        const weight = weights[i];
        const at = (start + first + i) * size[1];
        for (let x = 0; x < size[1]; x++) sums[x] += wide[at + x] * weight;
      }
      result.set(sums, (channel * size[0] + y) * size[1]);
    }
  }
  return result;
}

/**
 * @param {Float32Array} from
 * @param {number} start of the row
 * @param {Float32Array} to
 * @param {number} at
 * @param {Tap[]} taps
 */
function alongRow(from, start, to, at, taps) {
  for (let x = 0; x < taps.length; x++) {
    const { first, weights } = taps[x];
    let sum = 0;
    for (let i = 0; i < weights.length; i++) sum += from[start + first + i] * weights[i];
    to[at + x] = sum;
  }
}

/** What one pixel of the result is made of. @typedef {{first: number, weights: Float64Array}} Tap */

/**
 * @param {number} length of the source
 * @param {number} start
 * @param {number} end
 * @param {number} count of the result
 * @param {Filter} filter
 * @returns {Tap[]}
 */
function tapsOf(length, start, end, count, filter) {
  const scale = Math.fround(end - start) / count;
  const stretch = Math.max(scale, 1);
  const support = filter.support * stretch;
  return Array.from({ length: count }, (_, i) => {
    const center = start + (i + 0.5) * scale;
    const first = Math.max(Math.trunc(center - support + 0.5), 0);
    const last = Math.min(Math.trunc(center + support + 0.5), length);
    const weights = new Float64Array(last - first);
    for (let x = 0; x < weights.length; x++) {
      weights[x] = filter.weigh((x + first - center + 0.5) * (1 / stretch));
    }
    const sum = weights.reduce((total, weight) => total + weight, 0);
    if (sum) for (let x = 0; x < weights.length; x++) weights[x] /= sum;
    return { first, weights };
  });
}
