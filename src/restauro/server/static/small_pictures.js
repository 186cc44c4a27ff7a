/** Small pictures in the panel: of the steps, a look and a way back, and of answers to choose. */

import { element, nameOf, text } from "./interface.js";
/** @import { Derived } from "./derived.js" */
/** @import { Fill } from "./fill.js" */
/** @import { Step } from "./history.js" */
/** @import { Work } from "./work.js" */

const LENGTH = 96; // device pixels of the longer side of a small picture
const PAINTED = "#c8123c";
const MARGIN = 0.6; // of the hole's length that a small picture of an answer shows around it

/** A list of buttons, each for one thing. @template Thing */
class Buttons {
  /** @type {Map<Thing, HTMLLIElement>} */
  #items = new Map();

  /**
   * @param {string} id of the list
   * @param {(number: number) => void} onChoose told which of the things was chosen, from 0
   */
  constructor(id, onChoose) {
    this.list = element(id);
    this.list.addEventListener("click", ({ target }) => {
      const item = /** @type {Element} */ (target).closest("li");
      if (item) onChoose([...this.list.children].indexOf(item));
    });
  }

  /** @param {Thing} thing @param {HTMLElement[]} content */
  set(thing, ...content) {
    const button = document.createElement("button");
    button.append(...content);
    const item = document.createElement("li");
    item.append(button);
    this.#items.set(thing, item);
  }

  /** @param {Thing} thing */
  has(thing) {
    return this.#items.has(thing);
  }

  /**
   * Shows the buttons of these things and no other; one that stays keeps the focus.
   * @param {Thing[]} things
   */
  place(things) {
    const known = new Set(things);
    for (const thing of this.#items.keys()) {
      if (!known.has(thing)) this.#items.delete(thing);
    }
    const items = things.flatMap((thing) => this.#items.get(thing) ?? []);
    items.forEach((item, i) => {
      if (this.list.children[i] !== item) this.list.insertBefore(item, this.list.children[i]);
    });
    while (this.list.children.length > items.length) this.list.lastChild?.remove();
    return items.map((item) => /** @type {HTMLButtonElement} */ (item.firstChild));
  }
}

/** Who chooses tells how many steps are to be in force. @extends {Buttons<Step | null>} */
export class Timeline extends Buttons {
  /**
   * Takes the small picture of a step that was just made.
   * @param {Work} work
   * @param {Step | null} step null is the opening
   */
  add({ picture, mask }, step) {
    const scale = LENGTH / Math.max(picture.width, picture.height);
    const context = contextOf(picture.width * scale, picture.height * scale);
    const { width, height } = context.canvas;
    context.drawImage(picture.levelFor(scale), 0, 0, width, height);
    context.fillStyle = PAINTED;
    for (let y = 0; mask.count && y < height; y++) {
      const row = Math.floor((y + 0.5) / scale) * mask.width;
      for (let x = 0; x < width; x++) {
        if (mask.pixels[row + Math.floor((x + 0.5) / scale)]) context.fillRect(x, y, 1, 1);
      }
    }
    this.set(step, context.canvas);
  }

  /** Shows the steps, and which is the last in force. @param {Derived} derived */
  show({ work, steps, done }) {
    if (!work) return;
    const buttons = this.place([null, ...steps]);
    buttons.forEach((button, i) => {
      const name = text(`step_${steps[i - 1]?.kind ?? "opened"}`);
      button.ariaLabel = button.title = `${i}: ${name}`;
      button.ariaCurrent = i === done ? "step" : "false";
      button.classList.toggle("undone", i > done);
    });
    const { list } = this;
    const { offsetTop, offsetLeft } = buttons[done]?.parentElement ?? list;
    list.scrollTo(offsetLeft - list.offsetWidth / 2, offsetTop - list.offsetHeight / 2);
  }
}

/** @extends {Buttons<Fill>} */
export class Answers extends Buttons {
  /** Shows the answers, and which is on the picture. @param {Derived} derived */
  show({ work, choices, newestFill }) {
    for (const fill of choices) {
      if (!work || this.has(fill)) continue;
      this.set(fill, around(work, fill), document.createElement("span"));
    }
    this.place(choices).forEach((button, i) => {
      button.ariaPressed = String(choices[i].image === newestFill?.image);
      /** @type {HTMLElement} */ (button.lastChild).textContent = nameOf(choices[i].answer.model);
    });
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
  const context = contextOf(LENGTH, LENGTH);
  context.setTransform(scale, 0, 0, scale, -x * scale, -y * scale);
  context.drawImage(picture.levelFor(scale), 0, 0, picture.width, picture.height);
  context.drawImage(image, left, top);
  return context.canvas;
}

/** @param {number} width @param {number} height */
function contextOf(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width));
  canvas.height = Math.max(1, Math.round(height));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.imageSmoothingQuality = "high";
  return context;
}
