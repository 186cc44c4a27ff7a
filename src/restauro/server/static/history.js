/** Undo and redo of a mask, in bounded memory. */

import { flip, pack } from "./bits.js";
/** @import { Area, Mask } from "./mask.js" */

const MAX_BYTES = 32 * 2 ** 20; // at least 20 edits of a whole 12-megapixel mask, thousands of strokes

/**
 * Remembers which pixels each edit flipped. One record serves both ways: flipping them again
 * undoes the edit, once more redoes it.
 */
export class History {
  /** @type {{area: Area, bits: Uint8Array}[]} */
  #edits = [];
  /** How many of the edits are in force; those behind can be redone. */
  #done = 0;
  #bytes = 0;

  /**
   * @param {Mask} mask whose edits are remembered
   * @param {number} [maxBytes] the oldest edits are forgotten beyond
   */
  constructor(mask, maxBytes = MAX_BYTES) {
    this.mask = mask;
    this.maxBytes = maxBytes;
    /** The mask after the last remembered edit. */
    this.settled = mask.pixels.slice();
  }

  get canUndo() {
    return this.#done > 0;
  }

  get canRedo() {
    return this.#done < this.#edits.length;
  }

  /**
   * Makes one edit of all that changed in an area since the last one.
   * @param {Area} area
   */
  commit(area) {
    const { mask, settled } = this;
    const bits = pack(mask.pixels, mask.width, area);
    pack(settled, mask.width, area).forEach((before, i) => (bits[i] ^= before));
    if (!bits.some(Boolean)) return;
    for (const undone of this.#edits.splice(this.#done)) this.#bytes -= undone.bits.length;
    this.#edits.push({ area, bits });
    this.#bytes += bits.length;
    while (this.#bytes > this.maxBytes && this.#edits.length > 1) {
      this.#bytes -= this.#edits.shift()?.bits.length ?? 0;
    }
    this.#done = this.#edits.length;
    flip(settled, mask.width, area, bits);
  }

  /** Takes back what was not committed. */
  discard() {
    this.mask.pixels.set(this.settled);
  }

  /** @returns {Area | null} what changed */
  undo() {
    return this.canUndo ? this.#flip(--this.#done) : null;
  }

  /** @returns {Area | null} what changed */
  redo() {
    return this.canRedo ? this.#flip(this.#done++) : null;
  }

  /** @param {number} index */
  #flip(index) {
    const { area, bits } = this.#edits[index];
    flip(this.mask.pixels, this.mask.width, area, bits);
    flip(this.settled, this.mask.width, area, bits);
    return area;
  }
}
