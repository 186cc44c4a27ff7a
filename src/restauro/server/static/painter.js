/** The tools: they turn points into edits of the mask. They know neither screen nor keys. */

import { History } from "./history.js";
import { union } from "./mask.js";
/** @import { Area, Mask } from "./mask.js" */
/** @typedef {{x: number, y: number}} Point in picture pixels */
/** @typedef {"brush" | "eraser" | "rectangle"} Tool */

export class Painter {
  /** @type {Tool} */
  tool = "brush";
  /** Diameter of brush and eraser in picture pixels. */
  brushSize = 1;
  /** Where the rectangle being drawn began. @type {Point | null} */
  corner = null;

  /** The value that the stroke in progress paints. @type {0 | 1} */
  #value = 1;
  /** @type {Point | null} */
  #last = null;
  /** What the stroke in progress has touched. @type {Area | null} */
  #touched = null;

  /**
   * @param {Mask} mask
   * @param {(area: Area) => void} onPaint told what changed, while a stroke goes on
   * @param {() => void} onEdit told when an edit is complete
   */
  constructor(mask, onPaint, onEdit) {
    this.mask = mask;
    this.history = new History(mask);
    this.onPaint = onPaint;
    this.onEdit = onEdit;
    this.brushSize = Math.max(1, Math.round(0.08 * Math.min(mask.width, mask.height)));
  }

  get largestBrush() {
    return Math.max(2, Math.round(Math.min(this.mask.width, this.mask.height) / 2));
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
    this.#touched = union(this.#touched, area);
    this.onPaint(area);
  }

  /** @param {Point} point where a rectangle ends; a stroke has its last point already */
  end(point) {
    if (this.corner) {
      const area = this.mask.rectangle(this.corner, point, 1);
      this.corner = null;
      this.#complete(area);
    } else if (this.#touched) {
      this.#complete(this.#touched);
    }
  }

  /** Forgets the stroke or rectangle in progress. */
  cancel() {
    this.corner = null;
    if (!this.#touched) return;
    this.history.discard();
    this.onPaint(this.#touched);
    this.#last = this.#touched = null;
  }

  clear() {
    this.#complete(this.mask.clear());
  }

  invert() {
    this.#complete(this.mask.invert());
  }

  /** @param {Mask} mask of the same size */
  replace(mask) {
    this.#complete(this.mask.replace(mask));
  }

  undo() {
    this.#restore(this.history.undo());
  }

  redo() {
    this.#restore(this.history.redo());
  }

  /** @param {Area} area */
  #complete(area) {
    this.#last = this.#touched = null;
    this.history.commit(area);
    this.onPaint(area);
    this.onEdit();
  }

  /** @param {Area | null} area */
  #restore(area) {
    if (!area) return;
    this.onPaint(area);
    this.onEdit();
  }
}
