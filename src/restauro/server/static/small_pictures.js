/** Small pictures in the panel: of the steps, a look and a way back, and of answers to choose. */

import { element, nameOf, text } from "./interface.js";
/** @import { Derived } from "./derived.js" */
/** @import { Fill } from "./fill.js" */
/** @import { Step } from "./history.js" */
/** @import { Work } from "./work.js" */

const LENGTH = 96; // device pixels of the longer side of a small picture
const PAINTED = "#c8123c";
const MARGIN = 0.6; // of the hole's length that a small picture of an answer shows around it

export class Timeline {
  /** By the step; null is the opening. @type {Map<Step | null, HTMLLIElement>} */
  #items = new Map();

  /** @param {(done: number) => void} onChoose told how many steps are to be in force */
  constructor(onChoose) {
    this.list = element("steps");
    this.list.addEventListener("click", ({ target }) => {
      const item = /** @type {Element} */ (target).closest("li");
      if (item) onChoose([...this.list.children].indexOf(item));
    });
  }

  /**
   * Takes the small picture of a step that was just made.
   * @param {Work} work
   * @param {Step | null} step
   */
  add(work, step) {
    if (!step) this.#items.clear();
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.append(smallPicture(work));
    item.append(button);
    this.#items.set(step, item);
  }

  /**
   * Shows the steps, and which is the last in force.
   * @param {Derived} derived
   */
  show({ work, steps, done }) {
    if (!work) return;
    const all = [null, ...steps];
    const known = new Set(all);
    for (const step of this.#items.keys()) {
      if (!known.has(step)) this.#items.delete(step);
    }
    const items = all.flatMap((step) => this.#items.get(step) ?? []);
    items.forEach((item, i) => {
      if (this.list.children[i] !== item) this.list.insertBefore(item, this.list.children[i]);
      const button = /** @type {HTMLElement} */ (item.firstChild);
      const name = text(`step_${all[i]?.kind ?? "opened"}`);
      button.ariaLabel = button.title = `${i}: ${name}`;
      button.ariaCurrent = i === done ? "step" : "false";
      button.classList.toggle("undone", i > done);
    });
    while (this.list.children.length > items.length) this.list.lastChild?.remove();
    const { offsetTop, offsetLeft } = items[done] ?? this.list;
    this.list.scrollTo(offsetLeft - this.list.offsetWidth / 2, offsetTop - this.list.offsetHeight / 2);
  }
}

export class Answers {
  /** @type {Map<Fill, HTMLLIElement>} */
  #items = new Map();

  /** @param {(fill: Fill) => void} onChoose told of the answer that was chosen */
  constructor(onChoose) {
    this.onChoose = onChoose;
    this.list = element("choices");
  }

  /**
   * Shows the answers, and which is on the picture.
   * @param {Derived} derived
   */
  show({ work, choices, newestFill }) {
    for (const fill of this.#items.keys()) {
      if (!choices.includes(fill)) this.#items.delete(fill);
    }
    for (const fill of choices) {
      if (work && !this.#items.has(fill)) this.#items.set(fill, this.#item(work, fill));
    }
    for (const [fill, item] of this.#items) {
      const button = /** @type {HTMLElement} */ (item.firstChild);
      button.ariaPressed = String(fill.image === newestFill?.image);
      /** @type {HTMLElement} */ (button.lastChild).textContent = nameOf(fill.answer.model);
    }
    if (this.list.children.length !== choices.length || !choices.every((fill, i) => this.#items.get(fill) === this.list.children[i])) {
      this.list.replaceChildren(...this.#items.values());
    }
  }

  /**
   * @param {Work} work
   * @param {Fill} fill
   */
  #item(work, fill) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.append(around(work, fill), document.createElement("span"));
    button.addEventListener("click", () => this.onChoose(fill));
    item.append(button);
    return item;
  }
}

/**
 * A small picture of a fill and what is around it.
 * @param {Work} work
 * @param {Fill} fill
 */
function around({ picture }, { hole, image }) {
  const { left, top, right, bottom } = hole.area;
  const length = Math.max(right - left, bottom - top) * (1 + MARGIN);
  const [x, y] = [(left + right - length) / 2, (top + bottom - length) / 2];
  const scale = LENGTH / length;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = LENGTH;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.imageSmoothingQuality = "high";
  context.setTransform(scale, 0, 0, scale, -x * scale, -y * scale);
  context.drawImage(picture.levelFor(scale), 0, 0, picture.width, picture.height);
  context.drawImage(image, left, top);
  return canvas;
}

/** @param {Work} work */
function smallPicture({ picture, mask }) {
  const scale = LENGTH / Math.max(picture.width, picture.height);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.imageSmoothingQuality = "high";
  context.drawImage(picture.levelFor(scale), 0, 0, canvas.width, canvas.height);
  if (!mask.count) return canvas;
  context.fillStyle = PAINTED;
  for (let y = 0; y < canvas.height; y++) {
    const row = Math.floor((y + 0.5) / scale) * mask.width;
    for (let x = 0; x < canvas.width; x++) {
      if (mask.pixels[row + Math.floor((x + 0.5) / scale)]) context.fillRect(x, y, 1, 1);
    }
  }
  return canvas;
}
