/** The steps of a session: strokes, other changes of the hole, restorations. */

import { flip, follow } from "./bits.js";
import { Mask } from "./mask.js";
/** @import { Fill, Hole } from "./fill.js" */
/** @import { Area, Size } from "./mask.js" */

/**
 * A step flips pixels of the mask, and again to undo it. A restoration also lays its fill on the
 * picture.
 * @typedef {{id: number, kind: StepKind, flips: Hole[], fill: Fill | null}} Step
 * @typedef {"brush" | "eraser" | "rectangle" | "invert" | "clear" | "load_mask" | "damage" | "grow"
 *   | "shrink" | "restoration"} StepKind
 */

const MAX_BYTES = 256 * 2 ** 20; // of 12 megapixels: thousands of strokes and dozens of fills
const TILE = 64; // pixels: a long thin stroke touches few tiles, though its box may be the picture

export class History {
  /** @type {Step[]} */
  steps = [];
  /** How many of the steps are in force; those behind can be redone. */
  done = 0;
  #bytes = 0;

  /**
   * @param {Mask} mask that the steps change
   * @param {number} [maxBytes] the oldest steps are forgotten beyond
   * @param {(step: Step) => void} [onForget] told of a step that can no longer be undone
   */
  constructor(mask, maxBytes = MAX_BYTES, onForget = () => {}) {
    this.mask = mask;
    this.maxBytes = maxBytes;
    this.onForget = onForget;
    /** The mask after the last step. */
    this.settled = new Mask(mask.width, mask.height, mask.pixels.slice());
  }

  /** The last step in force. @returns {Step | null} */
  get last() {
    return this.steps[this.done - 1] ?? null;
  }

  /**
   * Makes one step of all that changed in some areas since the last one, if anything did.
   * @param {StepKind} kind
   * @param {Area[]} areas
   * @param {Fill | null} [fill]
   */
  commit(kind, areas, fill = null) {
    const { mask, settled } = this;
    const flips = [];
    for (const area of tilesOf(mask, areas)) {
      const { bits, gained } = follow(settled, mask, area);
      if (!bits) continue;
      mask.count += gained;
      flips.push({ area, bits });
    }
    if (!flips.length && !fill) return null;
    const id = (this.steps.at(-1)?.id ?? 0) + 1; // of all ever made, also of those dropped here
    for (const undone of this.steps.splice(this.done)) this.#bytes -= bytesOf(undone);
    return this.#add({ id, kind, flips, fill });
  }

  /** Takes back what was not committed. @param {Area[]} areas where that was */
  discard(areas) {
    const { pixels, width } = this.mask;
    for (const { left, top, right, bottom } of areas) {
      for (let row = top * width; row < bottom * width; row += width) {
        pixels.set(this.settled.pixels.subarray(row + left, row + right), row + left);
      }
    }
  }

  /** The step that was undone, if there was one. */
  undo() {
    return this.done ? this.#flip(this.steps[--this.done]) : null;
  }

  /** The step that was redone, if there was one. */
  redo() {
    return this.done < this.steps.length ? this.#flip(this.steps[this.done++]) : null;
  }

  /** Does again a step of an earlier session. @param {Step} step */
  replay(step) {
    this.#flip(step);
    this.#add(step);
  }

  /** @param {Step} step that has been done */
  #add(step) {
    this.steps.push(step);
    this.#bytes += bytesOf(step);
    while (this.#bytes > this.maxBytes && this.steps.length > 1) {
      const forgotten = /** @type {Step} */ (this.steps.shift());
      this.#bytes -= bytesOf(forgotten);
      this.onForget(forgotten);
    }
    this.done = this.steps.length;
    return step;
  }

  /** @param {Step} step */
  #flip(step) {
    for (const hole of step.flips) {
      flip(this.mask, hole);
      this.mask.count += flip(this.settled, hole);
    }
    return step;
  }
}

/** @param {Step} step */
function bytesOf({ flips, fill }) {
  return flips.reduce((sum, { bits }) => sum + bits.length, fill?.memory ?? 0);
}

/**
 * The tiles of a mask that some areas touch, each once.
 * @param {Size} size
 * @param {Area[]} areas
 */
function tilesOf({ width, height }, areas) {
  const numAcross = Math.ceil(width / TILE);
  const tiles = new Set();
  for (const { left, top, right, bottom } of areas) {
    for (let y = Math.floor(top / TILE); y < bottom / TILE; y++) {
      for (let x = Math.floor(left / TILE); x < right / TILE; x++) tiles.add(y * numAcross + x);
    }
  }
  return [...tiles].map((tile) => {
    const left = TILE * (tile % numAcross);
    const top = TILE * Math.floor(tile / numAcross);
    return {
      left,
      top,
      right: Math.min(left + TILE, width),
      bottom: Math.min(top + TILE, height),
    };
  });
}
