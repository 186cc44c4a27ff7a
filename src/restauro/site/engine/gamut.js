/**
 * Which colours a fill may have: those that the known pixels around it suggest. `fill/gamut.py` in
 * JavaScript, step by step and under the same names.
 */

import { Canvas } from "./canvas.js";
import { grown } from "./compose.js";
import { Box, holeBoxes, parts, rint } from "./windows.js";
/** @import { Damaged } from "./compose.js" */

const RING_PX = 8; // how far around a hole it must be of one colour for that colour to fill it
const ONE_COLOUR = 2 / 255; // the most that a channel may differ within one colour
const ONE_TONE = 4 / 255; // root mean square by which colours stray from the mean of their luminance
const SURE = 2; // how many times the hole's pixels must be known for all of `ONE_TONE`
const MIN_TONES = 0.25; // share of the luminances that a toned picture has at least
const GREY = 1.5 / 255; // tints below this are none
const MARGIN = 0.5; // how far beyond the known range a channel may go, as a share of that range
const MIN_KNOWN = 0.5; // share of the pixels below which what is known limits no channel
const LEVELS = 256;
const SMOOTHING = 8; // levels on each side over which a tint is averaged
const MOST_PIXELS = 1_000_000;

/** ITU-R BT.601. @param {number} red @param {number} green @param {number} blue */
export function luminanceOf(red, green, blue) {
  return Math.fround(0.299 * red + 0.587 * green + 0.114 * blue);
}

/** The colours around a hole. */
class Gamut {
  /**
   * @param {number[]} low the least of each channel, with a margin
   * @param {number[]} high
   * @param {Float32Array[] | null} tint of each channel: what is to be added to a luminance; null
   *   for a picture in colour
   */
  constructor(low, high, tint) {
    this.low = low;
    this.high = high;
    this.tint = tint;
  }

  /** Of all that is known of a canvas. @param {Canvas} canvas */
  static around(canvas) {
    const [height, width] = canvas.size;
    const counts = new Float64Array(LEVELS);
    const sums = [0, 1, 2].map(() => new Float64Array(LEVELS));
    const squares = [0, 1, 2].map(() => new Float64Array(LEVELS));
    const [low, high] = [[1, 1, 1], [0, 0, 0]];
    const step = 1 + Math.floor(Math.sqrt((height * width) / MOST_PIXELS));
    for (const part of parts(Box.of(canvas.size))) {
      const colours = canvas.look(part);
      const count = part.height * part.width;
      for (let y = 0; y < part.height; y += step) {
        for (let x = 0; x < part.width; x += step) {
          if (!canvas.known[(part.top + y) * width + part.left + x]) continue;
          const i = y * part.width + x;
          const colour = [colours[i], colours[count + i], colours[2 * count + i]];
          const luminance = luminanceOf(colour[0], colour[1], colour[2]);
          const level = rint(luminance * (LEVELS - 1));
          counts[level]++;
          for (let channel = 0; channel < 3; channel++) {
            const value = colour[channel];
            if (value < low[channel]) low[channel] = value;
            if (value > high[channel]) high[channel] = value;
            const offset = Math.fround(value - luminance);
            sums[channel][level] += offset;
            squares[channel][level] += offset * offset;
          }
        }
      }
    }
    const share = canvas.share;
    const mayStray = ONE_TONE * Math.min(1, share / (SURE * Math.max(1 - share, 1e-6)));
    const margins = low.map((value, channel) =>
      share >= MIN_KNOWN ? MARGIN * (high[channel] - value) : 1,
    );
    return new Gamut(
      low.map((value, channel) => value - margins[channel]),
      high.map((value, channel) => value + margins[channel]),
      tintOf(counts, sums, squares, mayStray),
    );
  }

  /**
   * Colours as near as the gamut allows.
   * @param {Float32Array} colours (3, h, w)
   */
  fitted(colours) {
    const { low, high, tint } = this;
    const fitted = colours.slice();
    const count = colours.length / 3;
    for (let i = 0; tint && i < count; i++) {
      const luminance = luminanceOf(colours[i], colours[count + i], colours[2 * count + i]);
      const within = clipped(luminance, 0, 1);
      const level = within * (LEVELS - 1);
      const at = Math.min(Math.floor(level), LEVELS - 2);
      tint.forEach((values, channel) => {
        const added = values[at] + (level - at) * (values[at + 1] - values[at]);
        fitted[channel * count + i] = within + added;
      });
    }
    for (let i = 0; i < fitted.length; i++) {
      const channel = Math.floor(i / count);
      fitted[i] = clipped(clipped(fitted[i], low[channel], high[channel]), 0, 1);
    }
    return fitted;
  }
}

/**
 * The canvas, on which colours are painted as near as those around its holes allow.
 * @param {Canvas} canvas
 */
export function withinGamut(canvas) {
  const gamut = Gamut.around(canvas);
  return new Canvas(canvas.size, canvas.known, canvas.look, (box, colours) =>
    canvas.paint(box, gamut.fitted(colours)),
  );
}

/** A hole that nothing but one colour surrounds. @typedef {{box: Box, paint: () => void}} Plain */

/**
 * The holes of a picture that nothing but one colour surrounds.
 * @param {Damaged} picture
 * @returns {Plain[]}
 */
export function oneColoured(picture) {
  return holeBoxes(picture.hole, picture.size, [1, 1]).flatMap((box) => {
    const around = box.grown(RING_PX).clipped(Box.of(picture.size));
    const canvas = picture.canvas(box, around);
    const colour = colourAround(picture, canvas, box, around);
    if (!colour) return [];
    const paint = () => {
      for (const part of parts(box.within(around))) {
        const count = part.height * part.width;
        const colours = new Float32Array(3 * count);
        colour.forEach((value, i) => colours.fill(value, i * count, (i + 1) * count));
        canvas.paint(part, colours);
      }
    };
    return [{ box, paint }];
  });
}

/**
 * @param {Damaged} picture
 * @param {Canvas} canvas
 * @param {Box} box
 * @param {Box} around
 */
function colourAround(picture, canvas, box, around) {
  const inner = new Uint8Array(around.height * around.width);
  const place = box.within(around);
  for (let y = place.top; y < place.bottom; y++) {
    for (let x = place.left; x < place.right; x++) {
      const at = (around.top + y) * picture.size[1] + around.left + x;
      inner[y * around.width + x] = picture.hole[at];
    }
  }
  const reached = grown(inner, around.size, RING_PX);
  const [low, high, total] = [[1, 1, 1], [0, 0, 0], [0, 0, 0]];
  let count = 0;
  for (const part of parts(Box.of(around.size))) {
    const colours = canvas.look(part);
    const size = part.height * part.width;
    for (let i = 0; i < size; i++) {
      const [y, x] = [part.top + Math.floor(i / part.width), part.left + (i % part.width)];
      const at = y * around.width + x;
      if (!reached[at] || !canvas.known[at]) continue; // what is hidden is not known
      for (let channel = 0; channel < 3; channel++) {
        const value = colours[channel * size + i];
        low[channel] = Math.min(low[channel], value);
        high[channel] = Math.max(high[channel], value);
        total[channel] += value;
        if (high[channel] - low[channel] > ONE_COLOUR) return null;
      }
      count++;
    }
  }
  return count ? total.map((sum) => sum / count) : null;
}

/**
 * What the known colours add to their luminance, if that tells their colour.
 * @param {Float64Array} counts
 * @param {Float64Array[]} sums
 * @param {Float64Array[]} squares
 * @param {number} mayStray
 */
function tintOf(counts, sums, squares, mayStray) {
  const total = sumOf(counts);
  if (!total) return null;
  const strayed = squares.map((values, channel) =>
    sumOf(values.map((square, i) => square - sums[channel][i] ** 2 / Math.max(counts[i], 1))),
  );
  if (Math.sqrt(Math.max(...strayed) / total) > mayStray) return null;
  if (sums.every((values) => sumOf(values.map(Math.abs)) <= GREY * total)) {
    return sums.map(() => new Float32Array(LEVELS));
  }
  const seen = [...counts.keys()].filter((level) => counts[level]);
  const reach = seen[seen.length - 1] - seen[0] + 1;
  if (seen.length < MIN_TONES * reach) return null; // a few flat colours, each of its luminance
  const weights = smoothedLevels(counts);
  const grid = [...weights.keys()].filter((level) => weights[level] > 0);
  return sums.map((values) => {
    const smooth = smoothedLevels(values);
    const means = grid.map((level) => smooth[level] / weights[level]);
    return Float32Array.from(weights, (_, level) => interpolated(level, grid, means));
  });
}

/**
 * Between the values of a grid, and its ends' beyond them.
 * @param {number} at
 * @param {number[]} grid rising
 * @param {number[]} values
 */
function interpolated(at, grid, values) {
  const after = grid.findIndex((one) => one >= at);
  if (after < 1) return values.at(after) ?? 0; // -1 is the last
  const share = (at - grid[after - 1]) / (grid[after] - grid[after - 1]);
  return values[after - 1] + share * (values[after] - values[after - 1]);
}

/** Sums over the levels around each. @param {Float64Array} values */
function smoothedLevels(values) {
  return values.map((_, i) => sumOf(values.subarray(Math.max(i - SMOOTHING, 0), i + SMOOTHING + 1)));
}

/** @param {Float64Array} values */
function sumOf(values) {
  return values.reduce((sum, value) => sum + value, 0);
}

/** @param {number} value @param {number} low @param {number} high */
function clipped(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
