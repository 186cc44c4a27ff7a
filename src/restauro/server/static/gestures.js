/** Mouse, pen and fingers: one draws, two move and zoom. Points are CSS pixels of the element. */

/** @import { Point } from "./view.js" */
/**
 * What is told. `movesPicture` is asked whether one pointer moves the picture instead of drawing;
 * what is cancelled was not meant; `hover` gets null if no pointer is over the element.
 * @typedef {{movesPicture: () => boolean, begin: (point: Point, isEraser: boolean) => void,
 *   move: (point: Point) => void, end: (point: Point) => void, cancel: () => void,
 *   pan: (dx: number, dy: number) => void, zoom: (factor: number, point: Point) => void,
 *   hover: (point: Point | null) => void}} Handlers
 */

const MIDDLE_BUTTON = 1;
const PEN_ERASER = 32; // in `buttons`
const ZOOM_PER_WHEEL_PIXEL = 1.0015;

/**
 * Listens to all pointers over an element.
 * @param {HTMLElement} element
 * @param {Handlers} handlers
 */
export function follow(element, handlers) {
  /** Where the pointers are that are down. @type {Map<number, Point>} */
  const pointers = new Map();
  /** What they do until all are up. @type {"draw" | "pan" | "pinch" | null} */
  let action = null;

  const pointOf = (/** @type {MouseEvent} */ { clientX, clientY }) => {
    const { left, top } = element.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  };
  element.addEventListener("pointerdown", (event) => {
    const isErasing = Boolean(event.buttons & PEN_ERASER);
    if (event.button > MIDDLE_BUTTON && !isErasing) return;
    if (event.button === MIDDLE_BUTTON) event.preventDefault(); // no autoscroll
    const point = pointOf(event);
    element.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, point);
    if (pointers.size > 1) {
      if (action === "draw") handlers.cancel();
      action = "pinch";
    } else if (event.button === MIDDLE_BUTTON || handlers.movesPicture()) {
      action = "pan";
    } else {
      action = "draw";
      handlers.begin(point, isErasing);
    }
  });
  element.addEventListener("pointermove", (event) => {
    const point = pointOf(event);
    handlers.hover(event.pointerType === "touch" ? null : point);
    const last = pointers.get(event.pointerId);
    if (!last) return;
    if (action === "draw") {
      for (const each of event.getCoalescedEvents?.() ?? []) handlers.move(pointOf(each));
      handlers.move(point);
    } else if (action === "pan") {
      handlers.pan(point.x - last.x, point.y - last.y);
    } else if (pointers.size === 2) {
      // one of two fingers: the picture follows their middle and their distance
      const before = [...pointers.values()];
      const after = before.map((each) => (each === last ? point : each));
      const [from, to] = [middle(before), middle(after)];
      handlers.pan(to.x - from.x, to.y - from.y);
      handlers.zoom(distance(after) / Math.max(distance(before), 1), to);
    }
    pointers.set(event.pointerId, point);
  });
  const up = (/** @type {PointerEvent} */ event) => {
    if (!pointers.delete(event.pointerId)) return;
    if (action === "draw") {
      if (event.type === "pointercancel") handlers.cancel();
      else handlers.end(pointOf(event));
    }
    // the finger that stays after a pinch must not begin a stroke
    if (pointers.size === 0) action = null;
  };
  element.addEventListener("pointerup", up);
  element.addEventListener("pointercancel", up);
  element.addEventListener("pointerleave", () => handlers.hover(null));
  const wheel = (/** @type {WheelEvent} */ event) => {
    event.preventDefault();
    const isPinch = event.ctrlKey; // how browsers report a pinch on a touchpad
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 40 : 1);
    handlers.zoom(ZOOM_PER_WHEEL_PIXEL ** (-pixels * (isPinch ? 6 : 1)), pointOf(event));
  };
  element.addEventListener("wheel", wheel, { passive: false });
}

/** @param {Point[]} points two */
function middle([a, b]) {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

/** @param {Point[]} points two */
function distance([a, b]) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
