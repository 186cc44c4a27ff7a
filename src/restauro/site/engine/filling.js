/**
 * Fills the holes of a canvas from coarse to fine: `fill/filling.py` in JavaScript, step by step
 * and under the same names. Windows -> network -> matched, blended cells.
 */

import { Canvas, cut, forEachPixel, joined, partResized, shrunk, smoothed, toColours } from "./canvas.js";
import { Box, cells, holeBoxes, parts } from "./windows.js";
/** @import { Look } from "./canvas.js" */
/** @import { Size, WindowRule } from "./windows.js" */

/**
 * Colours (3, h, w) and known (h, w) -> prediction (3, h, w).
 * @typedef {(image: Float32Array, known: Uint8Array, size: Size) => Promise<Float32Array>} Predict
 */

const MATCHING_RADII = [16, 4]; // how far known colours are carried into a hole: far, then exactly
const FEATHERING_RADIUS = 2; // how far what still remains of a step at the edge is spread
const FULL_TRUST = 1 / 8; // share of known pixels around from which on a level alone fills a pixel

/**
 * How many times (a power of 2) smaller the holes in `box` must be for a model to fill them.
 * @param {Uint8Array} hole that of the whole picture
 * @param {Size} size
 * @param {Box} box
 * @param {WindowRule} rule
 */
export function scaleFor(hole, size, box, rule) {
  const picture = Box.of(size);
  let scale = 1;
  for (; String(rule.surroundings(box, size, scale).size) !== String(size); scale *= 2) {
    const reach = scale * rule.reach;
    const allNear = parts(box).every((part) => {
      const around = part.grown(reach).clipped(picture);
      const known = cut(hole, size, around).map((isHole) => Number(!isHole));
      return isNear(known, around.size, part.within(around), reach);
    });
    if (allNear) break;
  }
  return scale;
}

/**
 * Paints what is hidden in `box`, part by part; what is hidden elsewhere stays.
 * @param {Canvas} canvas
 * @param {Box} box
 * @param {WindowRule} rule
 * @param {Predict} predict
 * @returns {Promise<void>}
 */
export async function fill(canvas, box, rule, predict) {
  const { size, known } = canvas;
  const scale = Math.max(size[0] / rule.size[0], size[1] / rule.size[1]);
  if (scale < 1) {
    const enlarged = await filledAt(scale, canvas, box, rule, predict);
    canvas.paint(box, enlarged(box));
    return;
  }
  if (scale === 1 || parts(box).every((part) => isNear(known, size, part, rule.reach))) {
    await fillHere(canvas, box, rule, predict);
    return;
  }
  const coarse = await filledAt(Math.min(scale, 2), canvas, box, rule, predict);
  const guided = known.slice();
  for (const part of hiddenParts(canvas, box)) {
    const trust = trustIn(known, size, part, rule.reach);
    forEachPixel(size, part, 1, (at, from) => (guided[at] ||= Number(trust[from] === 0)));
    if (!cut(guided, size, part).includes(0)) canvas.paint(part, coarse(part)); // too deep
  }
  await fillHere(guidedBy(canvas, guided, coarse, rule.reach), box, rule, predict);
}

/**
 * Whether all that is hidden in a part can be filled from what is known within `reach`.
 * @param {Uint8Array} known
 * @param {Size} size
 * @param {Box} part
 * @param {number} reach
 */
function isNear(known, size, part, reach) {
  const here = cut(known, size, part);
  if (!here.includes(0)) return true;
  const trust = trustIn(known, size, part, reach);
  return here.every((isKnown, i) => isKnown || trust[i] === 1);
}

/**
 * How well each pixel of a box can be filled from its surroundings, (h, w) in [0, 1].
 * @param {Uint8Array} known
 * @param {Size} size
 * @param {Box} box
 * @param {number} reach
 */
function trustIn(known, size, box, reach) {
  const around = box.grown(reach);
  const isKnown = cut(known, size, around);
  const width = around.width + 1;
  const counts = new Int32Array((around.height + 1) * width);
  for (let y = 0, i = 0; y < around.height; y++) {
    for (let x = 0, sum = 0; x < around.width; x++, i++) {
      sum += isKnown[i];
      counts[(y + 1) * width + x + 1] = counts[y * width + x + 1] + sum;
    }
  }
  const side = 2 * reach + 1;
  const trust = new Float32Array(box.height * box.width);
  for (let y = 0, i = 0; y < box.height; y++) {
    for (let x = 0; x < box.width; x++, i++) {
      const at = y * width + x;
      const below = at + side * width;
      const inside = counts[below + side] - counts[at + side] - counts[below] + counts[at];
      trust[i] = Math.min(1, inside / (side ** 2 * FULL_TRUST));
    }
  }
  return trust;
}

/**
 * @param {Canvas} canvas
 * @param {Box} box
 */
function hiddenParts(canvas, box) {
  return parts(box).filter((part) => !canvas.isKnown(part));
}

/**
 * Fills a copy that is `scale` times smaller; its parts at the size of the canvas.
 * @param {number} scale
 * @param {Canvas} canvas
 * @param {Box} box
 * @param {WindowRule} rule
 * @param {Predict} predict
 * @returns {Promise<Look>}
 */
async function filledAt(scale, canvas, box, rule, predict) {
  const { size } = canvas;
  /** @type {Size} */
  const smaller = [Math.ceil(size[0] / scale - 1e-9), Math.ceil(size[1] / scale - 1e-9)];
  const { image, known } = shrunk(canvas, smaller);
  await fill(Canvas.on(smaller, image, known), scaled(box, size, smaller), rule, predict);
  const look = (/** @type {Box} */ seen) => toColours(cut(image, smaller, seen));
  return (part) =>
    partResized(look, smaller, part, size).map((value) => Math.min(Math.max(value, 0), 1));
}

/**
 * The canvas where what is `known` only by the coarse fill is shown, and painted by trust.
 * @param {Canvas} canvas
 * @param {Uint8Array} known
 * @param {Look} coarse
 * @param {number} reach
 */
function guidedBy(canvas, known, coarse, reach) {
  const { size } = canvas;
  const look = (/** @type {Box} */ box) => {
    const [colours, guides] = [canvas.look(box), coarse(box)];
    forEachPixel(size, box, 3, (_, from, i) => {
      if (known[i] && !canvas.known[i]) colours[from] = guides[from];
    });
    return colours;
  };
  return new Canvas(size, known, look, (box, colours) => {
    const [shares, guides] = [trustIn(canvas.known, size, box, reach), coarse(box)];
    const mixed = colours.map((colour, i) => {
      const share = shares[i % shares.length];
      return guides[i] * (1 - share) + colour * share;
    });
    canvas.paint(box, mixed);
  });
}

/**
 * Paints what is hidden in `box` at its own scale.
 * @param {Canvas} canvas
 * @param {Box} box
 * @param {WindowRule} rule
 * @param {Predict} predict
 */
async function fillHere(canvas, box, rule, predict) {
  const hidden = cut(canvas.known, canvas.size, box).map((isKnown) => Number(!isKnown));
  const core = rule.core(canvas.size);
  const found = holeBoxes(hidden, box.size, core)
    .flatMap((group) => cells(group, core))
    .filter((cell) => cut(hidden, box.size, cell).includes(1))
    .map((cell) => cell.moved(box.top, box.left));
  for (const part of hiddenParts(canvas, box)) {
    await fillPart(canvas, part, found.filter((cell) => cell.touches(part)), rule, predict);
  }
}

/**
 * Paints what is hidden in a part from all cells that touch it.
 * @param {Canvas} canvas
 * @param {Box} part
 * @param {Box[]} found
 * @param {WindowRule} rule
 * @param {Predict} predict
 */
async function fillPart(canvas, part, found, rule, predict) {
  const picture = Box.of(canvas.size);
  const seen = part.grown(Math.max(...rule.largest)).clipped(picture);
  const image = canvas.look(seen);
  const known = cut(canvas.known, canvas.size, seen);
  const total = new Float32Array(3 * part.height * part.width);
  const weights = new Float32Array(part.height * part.width);
  for (const cell of found) {
    const window = rule.window(cell, canvas.size);
    const place = window.within(seen);
    const shown = cut(image, seen.size, place);
    const prediction = await predict(shown, cut(known, seen.size, place), window.size);
    const around = cell.grown(2 * MATCHING_RADII[0]).clipped(window).clipped(picture);
    const predicted = cut(prediction, window.size, around.within(window));
    const [near, nearKnown] = [image, known].map((one) => cut(one, seen.size, around.within(seen)));
    const colours = matched(
      predicted,
      /** @type {Float32Array} */ (near),
      /** @type {Uint8Array} */ (nearKnown),
      around.size,
      cell.within(around),
    );
    const share = cellWeights(cell.size);
    const [inPart, inCell] = [cell.clipped(part).within(part), cell.clipped(part).within(cell)];
    const shared = cut(colours, cell.size, inCell);
    const weight = cut(share, cell.size, inCell);
    forEachPixel(part.size, inPart, 3, (at, from, i, channel) => {
      total[at] += shared[from] * weight[from % weight.length];
      if (channel === 0) weights[i] += weight[from];
    });
  }
  canvas.paint(
    part,
    total.map((sum, i) => sum / (weights[i % weights.length] || 1)),
  );
}

/**
 * The `wanted` part of a prediction with the colours of the image at the hole's edge, in [0, 1].
 * @param {Float32Array} prediction (3, ...size)
 * @param {Float32Array} image (3, ...size)
 * @param {Uint8Array} known
 * @param {Size} size
 * @param {Box} wanted
 */
function matched(prediction, image, known, size, wanted) {
  let seen = Box.of(size);
  let layers = joined(image, prediction, Float32Array.from(known));
  const crop = (/** @type {number} */ reach) => {
    const around = wanted.grown(reach).clipped(seen);
    layers = cut(layers, seen.size, around.within(seen));
    seen = around;
    return layers.length / 7; // pixels
  };
  for (const radius of MATCHING_RADII) {
    const count = crop(2 * radius); // nothing farther counts
    const weight = layers.subarray(6 * count);
    const lack = new Float32Array(4 * count);
    for (let i = 0; i < 3 * count; i++) {
      lack[i] = Math.fround(layers[i] - layers[3 * count + i]) * weight[i % count];
    }
    lack.set(weight, 3 * count);
    const smooth = smoothed(lack, seen.size, radius);
    for (let i = 0; i < 3 * count; i++) {
      layers[3 * count + i] += smooth[i] / Math.max(smooth[3 * count + (i % count)], 0.5);
    }
  }
  let count = crop(2 * FEATHERING_RADIUS);
  const beside = new Float32Array(7 * count);
  for (let i = 0; i < 3 * count; i++) {
    const weight = layers[6 * count + (i % count)];
    beside[i] = layers[i] * weight;
    beside[3 * count + i] = layers[3 * count + i] * (1 - weight);
  }
  beside.set(layers.subarray(6 * count), 6 * count);
  const smooth = cut(smoothed(beside, seen.size, FEATHERING_RADIUS), seen.size, wanted.within(seen));
  count = crop(0);
  const colours = new Float32Array(3 * count);
  for (let i = 0; i < colours.length; i++) {
    const share = smooth[6 * count + (i % count)];
    const inside = smooth[3 * count + i] / Math.max(1 - share, 1e-3);
    const step = smooth[i] / Math.max(share, 1e-3) - inside;
    const colour = layers[3 * count + i] + step * Math.min(1, 2 * share);
    colours[i] = Math.min(Math.max(colour, 0), 1);
  }
  return colours;
}

/**
 * (h, w) > 0: falls linearly towards the ends, over the quarter that cells overlap by.
 * @param {Size} size
 */
function cellWeights([height, width]) {
  const [down, across] = [height, width].map((side) =>
    Float64Array.from({ length: side }, (_, i) =>
      Math.min((Math.min(i, side - 1 - i) + 1) / (Math.floor(side / 4) + 1), 1),
    ),
  );
  const weights = new Float32Array(height * width);
  forEachPixel([height, width], new Box(0, 0, height, width), 1, (at) => {
    weights[at] = down[Math.floor(at / width)] * across[at % width];
  });
  return weights;
}

/**
 * The box at another size of the picture, and a pixel more on each side, for interpolation.
 * @param {Box} box
 * @param {Size} size
 * @param {Size} other
 */
function scaled(box, size, other) {
  const [down, across] = [other[0] / size[0], other[1] / size[1]];
  return new Box(
    Math.floor(box.top * down),
    Math.floor(box.left * across),
    Math.ceil(box.bottom * down),
    Math.ceil(box.right * across),
  )
    .grown(1)
    .clipped(Box.of(other));
}
