/** What lies over the canvases: the brush, the rectangle being drawn, the divider. */

/** @import { Derived } from "./derived.js" */
/** @import { Stage } from "./stage.js" */
/** @typedef {{x: number, y: number}} Point */

export class Marks {
  /** Where the brush is, in CSS pixels of the stage; null if it is not to be seen. @type {Point | null} */
  brush = null;

  /**
   * @param {Stage} stage
   * @param {Record<"brush" | "rectangle" | "divider", HTMLElement>} elements
   */
  constructor(stage, elements) {
    this.stage = stage;
    this.elements = elements;
  }

  /**
   * Moves all marks to where they belong.
   * @param {Derived} derived
   */
  place({ work, movesPicture }) {
    const painter = work?.painter;
    const { brush, rectangle, divider } = this.elements;
    brush.hidden = !painter || !this.brush || movesPicture;
    if (painter && this.brush) {
      const isRectangle = painter.tool === "rectangle";
      const diameter = isRectangle ? 0 : painter.brushSize * this.stage.view.scale;
      brush.classList.toggle("cross", isRectangle);
      place(brush, this.brush.x - diameter / 2, this.brush.y - diameter / 2, diameter, diameter);
    }
    rectangle.hidden = !painter?.corner || !this.brush;
    if (painter?.corner && this.brush) {
      const corner = this.stage.view.toStage(painter.corner.x, painter.corner.y);
      const [left, right] = [corner.x, this.brush.x].sort((a, b) => a - b);
      const [top, bottom] = [corner.y, this.brush.y].sort((a, b) => a - b);
      place(rectangle, left, top, right - left, bottom - top);
    }
    divider.style.transform = `translateX(${this.stage.dividerPosition}px)`;
  }
}

/**
 * @param {HTMLElement} element
 * @param {number} left
 * @param {number} top
 * @param {number} width
 * @param {number} height
 */
function place(element, left, top, width, height) {
  element.style.transform = `translate(${left}px, ${top}px)`;
  element.style.width = `${width}px`;
  element.style.height = `${height}px`;
}
