/** The tools: they turn points into edits of the mask. They know neither screen nor keys. */

/** @import { StepKind } from "./history.js" */
/** @import { Area, Mask } from "./mask.js" */
/** @import { Point } from "./view.js" */
/** @typedef {"brush" | "eraser" | "rectangle"} Tool */
/**
 * Told what changed while a stroke goes on, when a step is complete, and what is to be taken back.
 * @typedef {{paint: (area: Area) => void, commit: (kind: StepKind, areas: Area[]) => void,
 *   discard: (areas: Area[]) => void}} Listener
 */

export class Painter {
  /** @type {Tool} */
  tool = "brush";
  /** Diameter of brush and eraser in picture pixels. */
  brushSize = 1;
  /** Where the rectangle being drawn began. @type {Point | null} */
  corner = null;

  /** What the stroke in progress paints. @type {0 | 1} */
  #value = 1;
  /** @type {Point | null} */
  #last = null;
  /** What the stroke in progress has touched. @type {Area[]} */
  #touched = [];
  /** Called when nothing is in progress any more. @type {(() => void)[]} */
  #waiting = [];

  /** @param {Mask} mask @param {Listener} listener */
  constructor(mask, listener) {
    this.mask = mask;
    this.listener = listener;
    this.brushSize = Math.max(1, Math.round(0.08 * Math.min(mask.width, mask.height)));
  }

  /**
   * Takes over tool and brush of the painter of another picture, as far as they fit.
   * @param {Painter | undefined} other
   */
  resemble(other) {
    if (!other) return;
    this.tool = other.tool;
    const { width, height } = other.mask;
    if (width === this.mask.width && height === this.mask.height) this.brushSize = other.brushSize;
  }

  get largestBrush() {
    return Math.max(2, Math.round(Math.min(this.mask.width, this.mask.height) / 2));
  }

  /** Waits until no stroke is in progress. @returns {Promise<void>} */
  idle() {
    if (!this.#touched.length) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /**
   * @param {Point} point
   * @param {boolean} [isEraser] the other end of a pen
   */
  begin(point, isEraser = false) {
    if (this.tool === "rectangle" && !isEraser) {
      this.corner = point;
      return;
    }
    this.#value = this.tool === "eraser" || isEraser ? 0 : 1;
    this.#last = point;
    this.move(point);
  }

  /** @param {Point} point */
  move(point) {
    if (!this.#last) return;
    const area = this.mask.line(this.#last, point, this.brushSize / 2, this.#value);
    this.#last = point;
    this.#touched.push(area);
    this.listener.paint(area);
  }

  /** @param {Point} point where a rectangle ends; a stroke has its last point already */
  end(point) {
    if (this.corner) {
      const area = this.mask.rectangle(this.corner, point, 1);
      this.corner = null;
      this.#complete("rectangle", [area]);
    } else if (this.#touched.length) {
      this.#complete(this.#value ? "brush" : "eraser", this.#touched);
    }
  }

  /** Forgets the stroke or rectangle in progress. */
  cancel() {
    this.corner = null;
    if (this.#touched.length) this.listener.discard(this.#touched);
    this.#rest();
  }

  /**
   * Changes the whole mask in one step.
   * @param {StepKind} kind
   * @param {(mask: Mask) => Area} change
   */
  edit(kind, change) {
    this.#complete(kind, [change(this.mask)]);
  }

  /** @param {1 | -1} direction 1: the hole grows, -1: it shrinks; by about half a percent */
  grow(direction) {
    const { width, height } = this.mask;
    const distance = direction * Math.max(1, Math.round(0.005 * Math.min(width, height)));
    this.edit(direction > 0 ? "grow" : "shrink", (mask) => mask.grow(distance));
  }

  /** @param {StepKind} kind @param {Area[]} areas */
  #complete(kind, areas) {
    this.listener.commit(kind, areas);
    this.#rest();
  }

  #rest() {
    this.#last = null;
    this.#touched = [];
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
