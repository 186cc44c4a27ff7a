/** Mouse, pen and fingers: one draws, two move and zoom. Points are CSS pixels of the element. */

/** @typedef {{x: number, y: number}} Point */
/**
 * @typedef {object} Handlers
 * @property {() => boolean} movesPicture whether one pointer moves the picture instead of drawing
 * @property {(point: Point, isEraser: boolean) => void} begin
 * @property {(point: Point) => void} move
 * @property {(point: Point) => void} end
 * @property {() => void} cancel what was begun is not meant
 * @property {(dx: number, dy: number) => void} pan
 * @property {(factor: number, point: Point) => void} zoom
 * @property {(point: Point | null) => void} hover null: no pointer is over the element
 */

const MIDDLE_BUTTON = 1;
const PEN_ERASER = 32; // in `buttons`
const ZOOM_PER_WHEEL_PIXEL = 1.0015;

export class Gestures {
  /** Where the pointers are that are down. @type {Map<number, Point>} */
  #pointers = new Map();
  /** What the pointers do until all are up. @type {"draw" | "pan" | "pinch" | null} */
  #action = null;

  /**
   * @param {HTMLElement} element
   * @param {Handlers} handlers
   */
  constructor(element, handlers) {
    this.element = element;
    this.handlers = handlers;
    element.addEventListener("pointerdown", (event) => this.#down(event));
    element.addEventListener("pointermove", (event) => this.#move(event));
    element.addEventListener("pointerup", (event) => this.#up(event));
    element.addEventListener("pointercancel", (event) => this.#up(event, true));
    element.addEventListener("pointerleave", () => handlers.hover(null));
    element.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button > MIDDLE_BUTTON && !(event.buttons & PEN_ERASER)) return;
    if (event.button === MIDDLE_BUTTON) event.preventDefault(); // no autoscroll
    const point = this.#pointOf(event);
    this.element.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, point);
    if (this.#pointers.size > 1) {
      if (this.#action === "draw") this.handlers.cancel();
      this.#action = "pinch";
    } else if (event.button === MIDDLE_BUTTON || this.handlers.movesPicture()) {
      this.#action = "pan";
    } else {
      this.#action = "draw";
      this.handlers.begin(point, Boolean(event.buttons & PEN_ERASER));
    }
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const point = this.#pointOf(event);
    this.handlers.hover(event.pointerType === "touch" ? null : point);
    const last = this.#pointers.get(event.pointerId);
    if (!last) return;
    if (this.#action === "draw") {
      for (const each of event.getCoalescedEvents?.() ?? [])
        this.handlers.move(this.#pointOf(each));
      this.handlers.move(point);
    } else if (this.#action === "pan") {
      this.handlers.pan(point.x - last.x, point.y - last.y);
    } else if (this.#pointers.size === 2) {
      this.#pinch(event.pointerId, point);
    }
    this.#pointers.set(event.pointerId, point);
  }

  /**
   * One of two fingers has moved: the picture follows their middle and their distance.
   * @param {number} id
   * @param {Point} point
   */
  #pinch(id, point) {
    const before = [...this.#pointers.values()];
    const after = [...this.#pointers].map(([each, old]) => (each === id ? point : old));
    const [from, to] = [middle(before), middle(after)];
    this.handlers.pan(to.x - from.x, to.y - from.y);
    this.handlers.zoom(distance(after) / Math.max(distance(before), 1), to);
  }

  /**
   * @param {PointerEvent} event
   * @param {boolean} [isCancelled]
   */
  #up(event, isCancelled = false) {
    if (!this.#pointers.delete(event.pointerId)) return;
    if (this.#action === "draw") {
      if (isCancelled) this.handlers.cancel();
      else this.handlers.end(this.#pointOf(event));
    }
    // the finger that stays after a pinch must not begin a stroke
    if (this.#pointers.size === 0) this.#action = null;
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const isPinch = event.ctrlKey; // how browsers report a pinch on a touchpad
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 40 : 1);
    this.handlers.zoom(ZOOM_PER_WHEEL_PIXEL ** (-pixels * (isPinch ? 6 : 1)), this.#pointOf(event));
  }

  /**
   * @param {MouseEvent} event
   * @returns {Point}
   */
  #pointOf(event) {
    const box = this.element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }
}

/** @param {Point[]} points two */
function middle([a, b]) {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

/** @param {Point[]} points two */
function distance([a, b]) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
