/** Buttons, sliders and keys: what each of them does. */

import { save } from "./files.js";
import {
  all,
  element,
  input,
  showModel,
  showModels,
  showProblem,
  showSamples,
  speak,
  text,
} from "./interface.js";
import { writeHole } from "./mask_file.js";
import { currentLanguage, remember } from "./strings.js";
/** @import { Look } from "./look.js" */
/** @import { Tool } from "./painter.js" */
/** @import { Session } from "./session.js" */
/** @import { Stage } from "./stage.js" */
/** @import { Language } from "./strings.js" */

const ZOOM_STEP = 1.25;
const BRUSH_STEP = 5; // of the slider's 100

export class Controls {
  /**
   * @param {Session} session
   * @param {Look} look
   * @param {Stage} stage
   * @param {() => void} onTool told when tool or brush changed
   */
  constructor(session, look, stage, onTool) {
    this.session = session;
    this.look = look;
    this.stage = stage;
    this.onTool = onTool;
    this.brushSlider = input("brush-size");
    this.#listen();
  }

  /** What a key does, wherever the focus is. @type {Record<string, () => void>} */
  keys = {
    b: () => this.#choose("brush"),
    e: () => this.#choose("eraser"),
    r: () => this.#choose("rectangle"),
    m: () => this.#choose("move"),
    i: () => this.#painter?.invert(),
    Delete: () => this.#painter?.clear(),
    Backspace: () => this.#painter?.clear(),
    f: () => this.session.findDamage(),
    g: () => this.#grow(1),
    s: () => this.#grow(-1),
    "[": () => this.#resizeBrush(Number(this.brushSlider.value) - BRUSH_STEP),
    "]": () => this.#resizeBrush(Number(this.brushSlider.value) + BRUSH_STEP),
    "+": () => this.#zoom(ZOOM_STEP),
    "=": () => this.#zoom(ZOOM_STEP),
    "-": () => this.#zoom(1 / ZOOM_STEP),
    0: () => this.#fit(),
    c: () => this.look.change({ compares: !this.look.compares }),
    d: () => this.#download(),
    a: () => this.session.tryAll(),
    "?": () => /** @type {HTMLDialogElement} */ (element("shortcuts")).showModal(),
    Enter: () => this.session.restore(),
    Escape: () => {
      this.#painter?.cancel();
      this.session.cancel();
      this.onTool();
    },
  };

  get #painter() {
    return this.session.work?.painter;
  }

  /** Shows what has changed by other ways than these controls. */
  refresh() {
    this.#showBrush();
    showProblem(this.session);
    showModel(this.session);
  }

  /** @param {Language} language */
  speak(language) {
    speak(language);
    showModels(this.session);
    showSamples(this.session);
    this.session.announce();
  }

  /** Asks the service what it offers, and shows it. */
  async start() {
    await this.session.start();
    this.speak(currentLanguage());
  }

  #listen() {
    const { session, look } = this;
    for (const button of all(".tool")) {
      const tool = /** @type {Tool | "move"} */ (button.id);
      button.addEventListener("click", () => this.#choose(tool));
    }
    for (const button of all("#languages button")) {
      button.addEventListener("click", () => {
        remember(button.lang);
        this.speak(/** @type {Language} */ (button.lang));
      });
    }
    const actions = /** @type {Record<string, () => void>} */ ({
      open: () => element("picture-file").click(),
      "open-other": () => element("picture-file").click(),
      undo: () => session.undo(),
      redo: () => session.redo(),
      invert: this.keys.i,
      clear: this.keys.Delete,
      damage: this.keys.f,
      grow: this.keys.g,
      shrink: this.keys.s,
      "load-mask": () => element("mask-file").click(),
      "save-mask": () => this.#saveMask(),
      "zoom-in": this.keys["+"],
      "zoom-out": this.keys["-"],
      "zoom-fit": () => this.#fit(),
      restore: () => session.restore(),
      "try-all": this.keys.a,
      cancel: () => session.cancel(),
      download: () => this.#download(),
      dismiss: () => session.dismissProblem(),
      help: this.keys["?"],
    });
    for (const [id, action] of Object.entries(actions)) {
      element(id).addEventListener("click", action);
    }
    input("model").addEventListener("change", () => session.chooseModel(input("model").value));
    this.brushSlider.addEventListener("input", () => {
      this.#resizeBrush(Number(this.brushSlider.value));
    });
    const marks = input("show-invented");
    marks.addEventListener("change", () => look.change({ marksInvented: marks.checked }));
    const atOnce = input("at-once");
    atOnce.addEventListener("change", () => (session.restoresAtOnce = atOnce.checked));
    element("token").addEventListener("submit", (event) => {
      event.preventDefault();
      session.service.token = input("token-given").value;
      element("token").hidden = true;
      this.start();
    });
  }

  /** @param {Tool | "move"} tool */
  #choose(tool) {
    const painter = this.#painter;
    if (!painter) return;
    painter.cancel();
    if (tool !== "move") painter.tool = tool;
    this.look.change({ moves: tool === "move" });
    this.onTool();
  }

  /** @param {1 | -1} direction */
  #grow(direction) {
    if (this.session.work?.mask.count) this.#painter?.grow(direction);
  }

  /**
   * The slider's steps are even to the eye: from 1 pixel to the largest brush by equal factors.
   * @param {number} step in [0, 100]
   */
  #resizeBrush(step) {
    const painter = this.#painter;
    if (!painter) return;
    const share = Math.min(Math.max(step, 0), 100) / 100;
    painter.brushSize = Math.round(painter.largestBrush ** share);
    this.#showBrush(step);
    this.onTool();
  }

  /** @param {number} [step] that the brush was given */
  #showBrush(step) {
    if (!this.#painter) return;
    const { brushSize, largestBrush } = this.#painter;
    const share = Math.log(brushSize) / Math.log(largestBrush);
    this.brushSlider.value = String(step ?? Math.round(100 * share));
    const shown = text("pixels", { count: brushSize });
    element("brush-size-shown").textContent = shown;
    this.brushSlider.setAttribute("aria-valuetext", shown);
  }

  /** @param {number} factor */
  #zoom(factor) {
    this.stage.view.zoom(factor);
    this.stage.refresh();
  }

  #fit() {
    this.stage.view.fit();
    this.stage.refresh();
  }

  async #saveMask() {
    const { work } = this.session;
    if (work) save(await writeHole(work.mask.hole, work.opened), work.opened.nameOfMask);
  }

  async #download() {
    const { session } = this;
    const { work } = session;
    const bytes = await session.encode();
    if (!bytes || !work) return;
    save(bytes, work.opened.nameRestored(bytes));
    session.saved();
  }
}
