/** One picture that is worked on: its hole, its fills, and the steps that led there. */

import { flip } from "./bits.js";
import { History } from "./history.js";
import { Mask, union } from "./mask.js";
import { Painter } from "./painter.js";
/** @import { Fill, Hole } from "./fill.js" */
/** @import { Step } from "./history.js" */
/** @import { Area } from "./mask.js" */
/** @import { Picture } from "./picture.js" */

/**
 * What is to be restored: the fills that lie on the picture, the hole, and whether that has an
 * answer already.
 * @typedef {{fills: Fill[], hole: Hole, isAgain: boolean}} Task
 */
/**
 * Told where the hole changed; of every new step, and of the opening (null), while all is as it was
 * just after; when a step was made (that one), undone or redone (null).
 * @typedef {{paint: (area: Area) => void, step: (work: Work, step: Step | null) => void,
 *   change: (step: Step | null) => void}} Listener
 */

export class Work {
  /** The picture with all fills that are in force. @type {Picture} */
  picture;
  /** The picture with the fills that can no longer be undone, and these. */
  #base;
  /** @type {Fill[]} */
  #forgotten = [];
  /** @type {Mask | null} */
  #invented = null;
  /** Not derived yet if undefined. @type {Mask | null | undefined} */
  #unsure = undefined;

  /**
   * @param {Picture} opened as it was opened; it stays as it is
   * @param {Listener} listener
   */
  constructor(opened, listener) {
    this.opened = opened;
    this.picture = this.#base = opened;
    this.listener = listener;
    this.mask = new Mask(opened.width, opened.height);
    this.history = new History(this.mask, undefined, ({ fill }) => fill && this.#settle(fill));
    this.painter = new Painter(this.mask, {
      paint: listener.paint,
      commit: (kind, areas) => this.#made(this.history.commit(kind, areas), areas),
      discard: (areas) => {
        this.history.discard(areas);
        areas.forEach(listener.paint);
      },
    });
    listener.step(this, null);
  }

  /** The fills in force that can be undone, the newest last. */
  get #undoable() {
    return this.history.steps.slice(0, this.history.done).flatMap(({ fill }) => fill ?? []);
  }

  /** The fills in force, the newest last. */
  get fills() {
    return [...this.#forgotten, ...this.#undoable];
  }

  /** The fill of the last step, if that was a restoration and nothing is painted since. */
  get newestFill() {
    return this.mask.count ? null : (this.history.last?.fill ?? null);
  }

  get invented() {
    const holes = this.fills.map(({ hole }) => hole);
    return (this.#invented ??= Mask.of(this.opened, holes));
  }

  /** What of it the models are not sure of; null if none of them tells. @returns {Mask | null} */
  get unsure() {
    if (this.#unsure !== undefined) return this.#unsure;
    const mask = new Mask(this.opened.width, this.opened.height);
    for (const { hole, trusted } of this.fills) {
      flip(mask, hole, trusted ? 1 : 0);
      if (trusted) flip(mask, trusted, 0);
    }
    return (this.#unsure = this.fills.some(({ trusted }) => trusted) ? mask : null);
  }

  /** What is to be restored: the hole, or the last one again. @returns {Task | null} */
  get task() {
    const { fills, newestFill } = this;
    if (this.mask.count) return { fills, hole: this.mask.hole, isAgain: false };
    if (!newestFill) return null;
    while (fills.pop()?.isAgain); // other answers for the same hole
    return { fills, hole: newestFill.hole, isAgain: true };
  }

  /**
   * Makes a restoration the newest step: the picture gets its fill, and the hole goes.
   * @param {Fill} fill
   */
  restored(fill) {
    const { area } = fill.hole;
    flip(this.mask, fill.hole, 0);
    this.#made(this.history.commit("restoration", [area], fill), [area]);
  }

  /** @param {number} done how many of the steps are to be in force */
  goTo(done) {
    const { history, listener } = this;
    this.painter.cancel();
    const fills = this.fills.length;
    while (history.done !== done) {
      const step = history.done > done ? history.undo() : history.redo();
      if (!step) break;
      for (const { area } of step.flips) listener.paint(area);
    }
    if (this.fills.length !== fills) this.#compose();
    listener.change(null);
  }

  /**
   * Does the steps of an earlier session again.
   * @param {Step[]} steps
   * @param {number} last id of the last that is to be in force, 0 if none is
   */
  replay(steps, last) {
    for (const step of steps) {
      this.history.replay(step);
      if (step.fill) this.#compose();
      this.listener.step(this, step);
    }
    this.goTo(this.history.steps.findIndex(({ id }) => id === last) + 1);
  }

  close() {
    for (const picture of new Set([this.picture, this.#base, this.opened])) picture.close();
  }

  /** @param {Step | null} step @param {Area[]} areas */
  #made(step, areas) {
    this.listener.paint(areas.reduce(union));
    if (!step) return;
    if (step.fill) this.#compose();
    this.listener.step(this, step);
    this.listener.change(step);
  }

  #compose() {
    this.#invented = null;
    this.#unsure = undefined;
    const old = this.picture;
    this.picture = this.#base.filled(this.#undoable);
    if (old !== this.#base && old !== this.opened) old.close();
  }

  /** @param {Fill} fill that can no longer be undone */
  #settle(fill) {
    const old = this.#base;
    this.#base = old.filled([fill]);
    if (old !== this.opened) old.close();
    this.#forgotten.push(fill);
  }
}
