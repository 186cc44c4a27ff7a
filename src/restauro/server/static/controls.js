/** Buttons, sliders and keys: what each of them does. */

import { save } from "./files.js";
import {
  all,
  element,
  input,
  show,
  showElapsed,
  showModels,
  showSamples,
  speak,
  text,
} from "./interface.js";
import { writeMask } from "./mask_file.js";
import { currentLanguage, remember } from "./strings.js";
/** @import { Painter, Tool } from "./painter.js" */
/** @import { Session } from "./session.js" */
/** @import { Stage } from "./stage.js" */
/** @import { Language } from "./strings.js" */

const ZOOM_STEP = 1.25;
const BRUSH_STEP = 5; // of the slider's 100

export class Controls {
  /** Whether a pointer moves the picture: the one tool that is none of the painter's. */
  movesPicture = false;

  /**
   * @param {Session} session
   * @param {Stage} stage
   * @param {() => void} onTool told when tool or brush changed
   */
  constructor(session, stage, onTool) {
    this.session = session;
    this.stage = stage;
    this.onTool = onTool;
    this.brushSlider = input("brush-size");
    this.divider = input("compare");
    this.showInvented = input("show-invented");
    this.#listen();
  }

  /** What a key does while the stage has the focus. @type {Record<string, () => void>} */
  keys = {
    b: () => this.#choose("brush"),
    e: () => this.#choose("eraser"),
    r: () => this.#choose("rectangle"),
    m: () => this.#choose("move"),
    i: () => this.#invert(),
    Delete: () => this.#clear(),
    Backspace: () => this.#clear(),
    "[": () => this.#resizeBrush(Number(this.brushSlider.value) - BRUSH_STEP),
    "]": () => this.#resizeBrush(Number(this.brushSlider.value) + BRUSH_STEP),
    "+": () => this.#zoom(ZOOM_STEP),
    "=": () => this.#zoom(ZOOM_STEP),
    "-": () => this.#zoom(1 / ZOOM_STEP),
    0: () => this.#fit(),
    Enter: () => this.session.restore(),
    Escape: () => {
      this.session.painter?.cancel();
      this.session.cancel();
      this.onTool();
    },
  };

  /** Shows what has changed by other ways than these controls. */
  refresh() {
    const { session } = this;
    const chosen = this.movesPicture ? "move" : (session.painter?.tool ?? "brush");
    for (const button of all(".tool")) button.ariaPressed = String(button.id === chosen);
    element("stage").dataset.tool = chosen;
    if (session.painter) this.#showBrush();
    show(session);
  }

  /** Shows the view: how far it is zoomed, where the divider is. */
  refreshView() {
    element("zoom").textContent = `${Math.round(100 * this.stage.view.scale)} %`;
    this.divider.value = String(Math.round(100 * this.stage.divider));
  }

  /** @param {Language} language */
  speak(language) {
    speak(language);
    showModels(this.session);
    showSamples(this.session);
    this.refresh();
  }

  /** Asks the service what it offers, and shows it. */
  async start() {
    await this.session.start();
    this.speak(currentLanguage());
  }

  #listen() {
    const { session, stage } = this;
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
      undo: () => session.painter?.undo(),
      redo: () => session.painter?.redo(),
      invert: () => this.#invert(),
      clear: () => this.#clear(),
      "load-mask": () => element("mask-file").click(),
      "save-mask": () => this.#saveMask(),
      "zoom-in": this.keys["+"],
      "zoom-out": this.keys["-"],
      "zoom-fit": () => this.#fit(),
      restore: () => session.restore(),
      cancel: () => session.cancel(),
      "keep-painting": () => session.keepPainting(),
      "change-hole": () => session.changeHole(),
      download: () => this.#download(),
      dismiss: () => session.dismissProblem(),
    });
    for (const [id, action] of Object.entries(actions)) {
      element(id).addEventListener("click", action);
    }
    input("model").addEventListener("change", () => session.chooseModel(input("model").value));
    this.brushSlider.addEventListener("input", () => {
      this.#resizeBrush(Number(this.brushSlider.value));
    });
    this.divider.addEventListener("input", () => {
      stage.divider = Number(this.divider.value) / 100;
      stage.refresh();
    });
    this.showInvented.addEventListener("change", () => session.announce());
    element("token").addEventListener("submit", (event) => {
      event.preventDefault();
      session.service.token = input("token-given").value;
      element("token").hidden = true;
      this.start();
    });
    document.addEventListener("keydown", (event) => this.#undoOrRedo(event));
    setInterval(() => showElapsed(session), 500);
  }

  /** @param {Tool | "move"} tool */
  #choose(tool) {
    const { painter } = this.session;
    if (!painter) return;
    painter.cancel();
    this.movesPicture = tool === "move";
    if (tool !== "move") painter.tool = tool;
    this.refresh();
    this.onTool();
  }

  #invert() {
    if (this.session.phase === "painting") this.session.painter?.invert();
  }

  #clear() {
    if (this.session.phase === "painting") this.session.painter?.clear();
  }

  /** @param {KeyboardEvent} event */
  #undoOrRedo(event) {
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || !["z", "y"].includes(key)) return;
    if (this.session.phase !== "painting") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) this.session.painter?.redo();
    else this.session.painter?.undo();
  }

  /**
   * The slider's steps are even to the eye: from 1 pixel to the largest brush by equal factors.
   * @param {number} step in [0, 100]
   */
  #resizeBrush(step) {
    const { painter } = this.session;
    if (!painter) return;
    const share = Math.min(Math.max(step, 0), 100) / 100;
    painter.brushSize = Math.round(painter.largestBrush ** share);
    this.#showBrush(step);
    this.onTool();
  }

  /** @param {number} [step] that the brush was given */
  #showBrush(step) {
    const { brushSize, largestBrush } = /** @type {Painter} */ (this.session.painter);
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
    const { painter, picture } = this.session;
    if (painter && picture) save(await writeMask(painter.mask), picture.nameOfMask);
  }

  #download() {
    const { newest } = this.session;
    if (!newest) return;
    save(newest.bytes, newest.nameRestored);
    this.session.isUnsaved = false;
  }
}
