/**
 * Line art: lines go on straight and flat areas stay flat. `fill/line_art.py` in JavaScript, step by
 * step and under the same names, by coherence transport (10.1007/s10851-007-0017-6).
 */

import { cut, forEachPixel } from "./canvas.js";
import { luminanceOf } from "./gamut.js";
import { Box, rint } from "./windows.js";
/** @import { Canvas } from "./canvas.js" */
/** @import { Size } from "./windows.js" */

/** The flat colours that a drawing is made of, the most frequent first. @typedef {number[][]} LineArt */

export const MAX_SIDE = 512; // of a box of holes; a larger one would take too long
const CONTEXT_PX = 24;
const FLAT_SHARE = 0.85; // of the known pixels that have one of a drawing's colours
const NUM_COLOURS = 6;
const CONTRAST = 96; // levels of 255 by which a channel of two colours differs
const INK_SHARE = 0.01;
const BITS = 4; // of a channel, by which colours are told apart: noise of a JPEG stays within
const [SIGMA, RHO] = [0.8, 3]; // pixels over which picture and gradients are smoothed
const RADIUS = 5;
const SHARPNESS = 25;
const [STEEPNESS, PAPER_FIRST] = [3, 2 / 3]; // how much mixtures are parted; in doubt there is paper
const QUANTUM = 1e-4; // difference of eigenvalues from which on there is a direction

/**
 * Of what is known around a hole, if that is a few flat colours, as lines on paper are.
 * @param {Canvas} canvas
 * @returns {LineArt | null}
 */
export function lineArtOn(canvas) {
  if (canvas.share < 0.5) return null; // a flat ground does not tell what stood before it
  const [height, width] = canvas.size;
  const count = height * width;
  const step = 1 + Math.floor(Math.max(height, width) / MAX_SIDE);
  const image = canvas.look(Box.of(canvas.size));
  const codes = new Map();
  let total = 0;
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step) {
      const i = y * width + x;
      if (!canvas.known[i]) continue;
      const colour = [image[i], image[count + i], image[2 * count + i]];
      const code = colour.reduce((sum, v) => (sum << BITS) + (rint(v * 255) >> (8 - BITS)), 0);
      if (!codes.has(code)) codes.set(code, []);
      codes.get(code).push(colour);
      total++;
    }
  }
  if (!total) return null;
  const most = [...codes]
    .sort(([a, some], [b, others]) => others.length - some.length || b - a)
    .slice(0, NUM_COLOURS)
    .map(([, colours]) => colours);
  if (most.reduce((sum, { length }) => sum + length, 0) < FLAT_SHARE * total) return null;
  /** @type {LineArt} */
  const found = [];
  for (const colours of most.filter(({ length }) => length >= INK_SHARE * total)) {
    const colour = [0, 1, 2].map((i) => median(colours.map((/** @type {number[]} */ c) => c[i])));
    const differs = (/** @type {number[]} */ other) =>
      Math.max(...colour.map((value, i) => Math.abs(value - other[i]))) >= CONTRAST / 255;
    if (found.every(differs)) found.push(colour);
  }
  return found.length > 1 ? found : null;
}

/**
 * Paints what is hidden in `box`, of at most `MAX_SIDE` pixels a side.
 * @param {Canvas} canvas
 * @param {Box} box
 * @param {LineArt} art
 */
export function fillLineArt(canvas, box, art) {
  const around = box.grown(CONTEXT_PX).clipped(Box.of(canvas.size));
  const { size } = around;
  const known = cut(canvas.known, canvas.size, around);
  const image = canvas.look(around);
  const hidden = new Uint8Array(known.length);
  const wanted = box.within(around);
  forEachPixel(size, wanted, 1, (at) => (hidden[at] = Number(!known[at])));
  for (let rim; (rim = rimOf(hidden, known, size)).length; ) {
    carriedOn(image, known, size, rim).forEach((colour, i) => {
      colour.forEach((value, channel) => (image[channel * known.length + rim[i]] = value));
    });
    for (const at of rim) [known[at], hidden[at]] = [1, 0];
  }
  canvas.paint(box, sharpened(cut(image, size, wanted), art));
}

/**
 * Hidden pixels beside known ones.
 * @param {Uint8Array} hidden
 * @param {Uint8Array} known
 * @param {Size} size
 */
function rimOf(hidden, known, [, width]) {
  const rim = [];
  for (let at = hidden.indexOf(1); at >= 0; at = hidden.indexOf(1, at + 1)) {
    const [x, last] = [at % width, width - 1];
    const isBeside =
      known[at - width] || known[at + width] || (x > 0 && known[at - 1]) || (x < last && known[at + 1]);
    if (isBeside) rim.push(at);
  }
  return rim;
}

/**
 * The colours of hidden pixels beside known ones: means along the lines there.
 * @param {Float32Array} image
 * @param {Uint8Array} known
 * @param {Size} size
 * @param {number[]} rim
 */
function carriedOn(image, known, size, rim) {
  const [height, width] = size;
  return directions(image, known, size, rim).map(({ strength, normal }, number) => {
    const sharpness = 1 + SHARPNESS * Math.exp(-(QUANTUM ** 2) / Math.max(strength, 1e-9) ** 2);
    const [y, x] = [Math.floor(rim[number] / width), rim[number] % width];
    const total = [0, 0, 0];
    let weights = 0;
    for (let down = -RADIUS; down <= RADIUS; down++) {
      for (let right = -RADIUS; right <= RADIUS; right++) {
        const distance = Math.hypot(down, right);
        if (!distance || distance > RADIUS) continue;
        if (y + down < 0 || y + down >= height || x + right < 0 || x + right >= width) continue;
        const at = (y + down) * width + x + right;
        if (!known[at]) continue;
        const across = normal[0] * down + normal[1] * right;
        const weight = (sharpness / distance) * Math.exp(-(((sharpness * across) / RADIUS) ** 2) / 2);
        for (let channel = 0; channel < 3; channel++) {
          total[channel] += weight * image[channel * known.length + at];
        }
        weights += weight;
      }
    }
    return total.map((sum) => sum / Math.max(weights, 1e-30));
  });
}

/**
 * How much of a direction there is at some pixels, and what is across it.
 * @param {Float32Array} image
 * @param {Uint8Array} known
 * @param {Size} size
 * @param {number[]} rim
 */
function directions(image, known, size, rim) {
  const [height, width] = size;
  const count = known.length;
  const layers = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    layers[i] = known[i] && luminanceOf(image[i], image[count + i], image[2 * count + i]);
    layers[count + i] = known[i];
  }
  const smooth = blurred(layers, size, SIGMA);
  const mean = new Float32Array(count).map((_, i) => smooth[i] / Math.max(smooth[count + i], 1e-6));
  const products = new Float32Array(4 * count);
  for (let i = 0; i < count; i++) {
    if (!known[i]) continue;
    const [y, x] = [Math.floor(i / width), i % width];
    const down = (mean[i + (y < height - 1 ? width : 0)] - mean[i - (y ? width : 0)]) / 2;
    const right = (mean[i + Number(x < width - 1)] - mean[i - Number(x > 0)]) / 2;
    [down * down, down * right, right * right, 1].forEach((value, layer) => {
      products[layer * count + i] = value;
    });
  }
  const structure = blurred(products, size, RHO);
  return rim.map((at) => {
    const share = Math.max(structure[3 * count + at], 1e-9);
    const [dd, dr, rr] = [0, 1, 2].map((layer) => structure[layer * count + at] / share);
    const angle = Math.atan2(2 * dr, dd - rr) / 2;
    return { strength: Math.hypot(dd - rr, 2 * dr), normal: [Math.cos(angle), Math.sin(angle)] };
  });
}

/**
 * Layers smoothed by a Gaussian; what lies outside counts as zero.
 * @param {Float32Array} layers (C, ...size)
 * @param {Size} size
 * @param {number} sigma
 */
function blurred(layers, [height, width], sigma) {
  const reach = Math.ceil(3 * sigma);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * sigma ** 2)),
  );
  const sum = kernel.reduce((total, weight) => total + weight, 0);
  const lines = layers.length / width;
  const down = new Float32Array(layers.length);
  for (let line = 0; line < lines; line++) {
    const y = line % height;
    for (let x = 0; x < width; x++) {
      let total = 0;
      for (let i = Math.max(-reach, -y); i <= Math.min(reach, height - 1 - y); i++) {
        total += (kernel[i + reach] / sum) * layers[(line + i) * width + x];
      }
      down[line * width + x] = total;
    }
  }
  const across = new Float32Array(layers.length);
  for (let line = 0; line < lines; line++) {
    for (let x = 0; x < width; x++) {
      let total = 0;
      for (let i = Math.max(-reach, -x); i <= Math.min(reach, width - 1 - x); i++) {
        total += (kernel[i + reach] / sum) * down[line * width + x + i];
      }
      across[line * width + x] = total;
    }
  }
  return across;
}

/**
 * Colours (3, h, w) with less of what is between two of the drawing's own.
 * @param {Float32Array} colours
 * @param {LineArt} art
 */
function sharpened(colours, art) {
  const count = colours.length / 3;
  const result = new Float32Array(colours.length);
  for (let i = 0; i < count; i++) {
    const colour = [0, 1, 2].map((channel) => colours[channel * count + i]);
    const distances = art.map((own, k) => {
      const distance = Math.hypot(...colour.map((value, channel) => value - own[channel]));
      return { own, distance: k ? distance : distance * PAPER_FIRST };
    });
    const [near, far] = distances.sort((a, b) => a.distance - b.distance);
    const share = near.distance / Math.max(near.distance + far.distance, 1e-6);
    const mixed = Math.min(Math.max((share - 0.5) * STEEPNESS + 0.5, 0), 1);
    for (let channel = 0; channel < 3; channel++) {
      const [own, other] = [near.own[channel], far.own[channel]];
      result[channel * count + i] = own * (1 - mixed) + other * mixed;
    }
  }
  return result;
}

/** @param {number[]} values */
function median(values) {
  const sorted = Float32Array.from(values).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
