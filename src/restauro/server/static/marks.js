/** What lies over the canvases: the brush, the rectangle being drawn, the divider. */

import { element } from "./interface.js";
/** @import { Derived } from "./derived.js" */
/** @import { Stage } from "./stage.js" */
/** @import { Point } from "./view.js" */

export class Marks {
  /** Where the brush is on the stage; null if it is not to be seen. @type {Point | null} */
  brush = null;

  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
  }

  /** Moves all marks to where they belong. @param {Derived} derived */
  place({ work, movesPicture }) {
    const painter = work?.painter;
    const [brush, rectangle] = [element("cursor"), element("selection")];
    brush.hidden = !painter || !this.brush || movesPicture;
    if (painter && this.brush) {
      const isRectangle = painter.tool === "rectangle";
      const radius = isRectangle ? 0 : (painter.brushSize * this.stage.view.scale) / 2;
      const { x, y } = this.brush;
      brush.classList.toggle("cross", isRectangle);
      place(brush, { x: x - radius, y: y - radius }, { x: x + radius, y: y + radius });
    }
    rectangle.hidden = !painter?.corner || !this.brush;
    if (painter?.corner && this.brush) {
      const corner = this.stage.view.toStage(painter.corner);
      place(rectangle, corner, this.brush);
    }
    element("divider").style.transform = `translateX(${this.stage.dividerPosition}px)`;
  }
}

/**
 * @param {HTMLElement} mark
 * @param {Point} a one corner of its box
 * @param {Point} b the opposite one
 */
function place({ style }, a, b) {
  const [left, top] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  style.transform = `translate(${left}px, ${top}px)`;
  style.width = `${Math.abs(a.x - b.x)}px`;
  style.height = `${Math.abs(a.y - b.y)}px`;
}
