/** Answers of several models for one hole, to choose from. */

/** @import { Fill } from "./fill.js" */
/** @import { Step } from "./history.js" */
/** @import { Work } from "./work.js" */

export class Choices {
  /** @type {Fill[]} */
  fills = [];
  /** The steps after which they fit: their own, and the last before. @type {Set<Step | null>} */
  #steps;

  /** @param {Work} work */
  constructor(work) {
    this.work = work;
    this.#steps = new Set([work.history.last]);
  }

  /** Whether they are answers for what is on show. */
  get fit() {
    return this.#steps.has(this.work.history.last);
  }

  /** @param {number} number of the one to take, from 0 */
  choose(number) {
    const { work } = this;
    const fill = this.fills[number];
    const isAgain = work.history.last?.fill?.hole === fill.hole;
    work.restored(fill.as(isAgain));
    this.#steps.add(work.history.last);
  }
}
