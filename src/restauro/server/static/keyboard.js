/** Painting, comparing and choosing tools by keys, while the stage has the focus. */

/** @import { Session } from "./session.js" */
/** @import { Stage } from "./stage.js" */
/** @typedef {{x: number, y: number}} Point */

/** @type {Record<string, [number, number]>} */
const DIRECTIONS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const DIVIDER_STEP = 0.02;

export class Keyboard {
  /** Where the brush is, in picture pixels; null while the mouse has it. @type {Point | null} */
  point = null;
  #paintsLine = false;

  /**
   * @param {HTMLElement} element that has the focus
   * @param {Session} session
   * @param {Stage} stage
   * @param {Record<string, () => void>} commands by key
   * @param {() => void} onMove told when brush or divider moved
   */
  constructor(element, session, stage, commands, onMove) {
    this.session = session;
    this.stage = stage;
    this.commands = commands;
    this.onMove = onMove;
    element.addEventListener("keydown", (event) => this.#down(event));
    element.addEventListener("keyup", ({ key }) => key === "Shift" && this.#endLine());
    element.addEventListener("blur", () => this.#leave());
    element.addEventListener("pointermove", () => this.#leave());
  }

  /** @param {KeyboardEvent} event */
  #down(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const direction = DIRECTIONS[event.key];
    const isKnown = direction
      ? this.#go(direction, event.shiftKey)
      : event.key === " "
        ? this.#press(event.repeat)
        : this.#command(event.key);
    if (isKnown) event.preventDefault();
  }

  /**
   * Moves the divider, or the brush by a quarter of its size.
   * @param {[number, number]} direction
   * @param {boolean} paints
   */
  #go([dx, dy], paints) {
    const { session, stage } = this;
    const { painter } = session;
    if (session.phase === "compared") {
      stage.divider = Math.min(Math.max(stage.divider + dx * DIVIDER_STEP, 0), 1);
      stage.refresh();
    } else if (session.phase === "painting" && painter) {
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
    }
    this.onMove();
    return true;
  }

  /**
   * Paints a dot, or sets a corner of a rectangle.
   * @param {boolean} isRepeated by the key held down
   */
  #press(isRepeated) {
    const { painter, phase } = this.session;
    if (phase !== "painting" || !painter || isRepeated || this.#paintsLine) return true;
    const isSecondCorner = painter.corner !== null;
    this.point = this.#brush();
    if (!isSecondCorner) painter.begin(this.point);
    if (isSecondCorner || painter.tool !== "rectangle") painter.end(this.point);
    this.onMove();
    return true;
  }

  /** @param {string} key */
  #command(key) {
    const name = key.length === 1 ? key.toLowerCase() : key;
    this.commands[name]?.();
    return name in this.commands;
  }

  /** Where the brush is: where it was, else in the middle of what is seen. */
  #brush() {
    if (this.point) return this.point;
    const { view } = this.stage;
    const { x, y } = view.toPicture(view.stage.width / 2, view.stage.height / 2);
    return { x: Math.round(x), y: Math.round(y) };
  }

  #endLine() {
    if (!this.#paintsLine || !this.point) return;
    this.#paintsLine = false;
    this.session.painter?.end(this.point);
  }

  #leave() {
    this.#endLine();
    if (this.point) this.session.painter?.cancel();
    this.point = null;
    this.onMove();
  }

  /** @param {Point} point */
  #keepInSight(point) {
    const { view } = this.stage;
    const { x, y } = view.toStage(point.x, point.y);
    const dx = Math.max(0 - x, 0) + Math.min(view.stage.width - x, 0);
    const dy = Math.max(0 - y, 0) + Math.min(view.stage.height - y, 0);
    if (!dx && !dy) return;
    view.pan(dx, dy);
    this.stage.refresh();
  }
}
