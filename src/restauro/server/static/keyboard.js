/** Painting, comparing and choosing tools by keys. */

/** @import { Look } from "./look.js" */
/** @import { Session } from "./session.js" */
/** @import { Stage } from "./stage.js" */
/** @import { Point } from "./view.js" */

/** @type {Record<string, [number, number]>} */
const DIRECTIONS = {
  arrowleft: [-1, 0],
  arrowright: [1, 0],
  arrowup: [0, -1],
  arrowdown: [0, 1],
};
const TYPED_INTO = "input:not([type=range], [type=checkbox]), select, textarea";
const PRESSED = "button, summary, [type=checkbox]";

export class Keyboard {
  /** Where the brush is, in picture pixels; null while the mouse has it. @type {Point | null} */
  point = null;
  /** Whether the picture was moved since Space is held. */
  hasPanned = false;
  #paintsLine = false;
  #isHovered = false;

  /**
   * @param {Session} session
   * @param {Look} look
   * @param {Stage} stage
   * @param {Record<string, () => void>} commands by key
   * @param {() => void} onMove told when the brush moved
   */
  constructor(session, look, stage, commands, onMove) {
    this.session = session;
    this.look = look;
    this.stage = stage;
    this.commands = commands;
    this.onMove = onMove;
    document.addEventListener("keydown", (event) => this.#down(event));
    document.addEventListener("keyup", (event) => this.#up(event));
    window.addEventListener("blur", () => this.#release());
    const { element } = stage;
    element.addEventListener("blur", () => this.#leave());
    element.addEventListener("pointermove", () => {
      this.#isHovered = true;
      this.#leave();
    });
    element.addEventListener("pointerleave", () => (this.#isHovered = false));
  }

  get #painter() {
    return this.session.work?.painter;
  }

  /** @param {KeyboardEvent} event */
  #down(event) {
    const target = /** @type {Element} */ (event.target);
    if (target.matches(TYPED_INTO) || document.querySelector("dialog[open]")) return;
    if (event.key === "Enter" && target.matches("button, summary")) return;
    if (this.#press(event, target)) event.preventDefault();
  }

  /** @param {KeyboardEvent} event @param {Element} target */
  #press({ key, ctrlKey, metaKey, altKey, shiftKey, repeat }, target) {
    if (altKey) return false;
    const held = ctrlKey || metaKey ? (shiftKey ? "control+shift+" : "control+") : "";
    const name = held + key.toLowerCase();
    const isFree = target === this.stage.element || target === document.body;
    const direction = DIRECTIONS[name];
    if (direction) return isFree && this.#go(direction, shiftKey);
    if (name === " ") {
      if (target.matches(PRESSED)) return false;
      if (!repeat) {
        this.hasPanned = false;
        this.look.change({ movesForNow: true });
      }
    } else if (name === "o") {
      if (!repeat) this.look.change({ showsBefore: true });
    } else {
      this.commands[name]?.();
    }
    return [" ", "o"].includes(name) || name in this.commands;
  }

  /** @param {KeyboardEvent} event */
  #up({ key, target }) {
    if (key === "Shift") this.#endLine();
    if (key.toLowerCase() === "o") this.look.change({ showsBefore: false });
    if (key !== " " || !this.look.movesForNow) return;
    this.look.change({ movesForNow: false });
    const isMeant = target === this.stage.element && (this.point || !this.#isHovered);
    if (isMeant && !this.hasPanned) this.#dot();
  }

  /** Forgets the keys that are held: the page no longer hears when they are let go. */
  #release() {
    this.look.change({ movesForNow: false, showsBefore: false });
    this.#endLine();
  }

  /** Moves the brush. @param {[number, number]} direction @param {boolean} paints */
  #go([dx, dy], paints) {
    const painter = this.#painter;
    if (!painter) return false;
    const from = this.#brush();
    if (paints && !this.#paintsLine && painter.tool !== "rectangle") {
      painter.begin(from);
      this.#paintsLine = true;
    }
    const step = Math.max(1, Math.round(painter.brushSize / 4));
    this.point = {
      x: Math.min(Math.max(from.x + dx * step, 0), painter.mask.width),
      y: Math.min(Math.max(from.y + dy * step, 0), painter.mask.height),
    };
    if (this.#paintsLine) painter.move(this.point);
    this.#keepInSight(this.point);
    this.onMove();
    return true;
  }

  /** Paints a dot, or sets a corner of a rectangle. */
  #dot() {
    const painter = this.#painter;
    if (!painter || this.#paintsLine) return;
    const isSecondCorner = painter.corner !== null;
    this.point = this.#brush();
    if (!isSecondCorner) painter.begin(this.point);
    if (isSecondCorner || painter.tool !== "rectangle") painter.end(this.point);
    this.onMove();
  }

  /** Where the brush is: where it was, else in the middle of what is seen. */
  #brush() {
    if (this.point) return this.point;
    const { view } = this.stage;
    const { x, y } = view.toPicture(view.middle);
    return { x: Math.round(x), y: Math.round(y) };
  }

  #endLine() {
    if (!this.#paintsLine || !this.point) return;
    this.#paintsLine = false;
    this.#painter?.end(this.point);
  }

  #leave() {
    this.#endLine();
    if (this.point) this.#painter?.cancel();
    this.point = null;
    this.onMove();
  }

  /** @param {Point} point */
  #keepInSight(point) {
    const { view } = this.stage;
    const { x, y } = view.toStage(point);
    const dx = Math.max(0 - x, 0) + Math.min(view.stage.width - x, 0);
    const dy = Math.max(0 - y, 0) + Math.min(view.stage.height - y, 0);
    if (!dx && !dy) return;
    view.pan(dx, dy);
    this.stage.refresh();
  }
}
