/** Buttons, sliders and keys: what each of them does. */

import { save } from "./files.js";
import { all, element, input, showModels, showSamples, speak, text } from "./interface.js";
import { writeHole } from "./mask_file.js";
import { currentLanguage, remember } from "./strings.js";
/** @import { Look } from "./look.js" */
/** @import { Tool } from "./painter.js" */
/** @import { Session } from "./session.js" */
/** @import { Stage } from "./stage.js" */
/** @import { Language } from "./strings.js" */

const ZOOM_STEP = 1.25;
const BRUSH_STEP = 5; // of the slider's 100

/**
 * Lets the controls do what they say.
 * @param {Session} session
 * @param {Look} look
 * @param {Stage} stage
 * @param {() => void} onBrush told when the brush changed
 */
export function control(session, look, stage, onBrush) {
  const slider = input("brush-size");
  const painter = () => session.work?.painter;

  const choose = (/** @type {Tool | "move"} */ tool) => () => {
    const own = painter();
    if (!own) return;
    own.cancel();
    if (tool !== "move") own.tool = tool;
    look.change({ moves: tool === "move" });
  };
  const zoom = (/** @type {number} */ factor) => () => {
    stage.view.zoom(factor);
    stage.refresh();
  };
  /** The slider's steps are even to the eye: from 1 pixel to the largest brush by equal factors. */
  const resizeBrush = (step = Number(slider.value)) => {
    const own = painter();
    if (!own) return;
    const share = Math.min(Math.max(step, 0), 100) / 100;
    own.brushSize = Math.round(own.largestBrush ** share);
    showBrush(step);
    onBrush();
  };
  const showBrush = (/** @type {number | void} */ step) => {
    const own = painter();
    if (!own) return;
    const share = Math.log(own.brushSize) / Math.log(own.largestBrush);
    slider.value = String(step ?? Math.round(100 * share));
    const shown = text("pixels", { count: own.brushSize });
    element("brush-size-shown").textContent = shown;
    slider.setAttribute("aria-valuetext", shown);
  };
  const speakAll = (/** @type {Language} */ language) => {
    speak(language);
    showModels(session);
    showSamples(session);
    session.announce();
  };
  const start = async () => {
    await session.start();
    speakAll(currentLanguage());
  };

  const actions = /** @type {Record<string, () => void>} */ ({
    open: () => input("picture-file").click(),
    "open-other": () => input("picture-file").click(),
    brush: choose("brush"),
    eraser: choose("eraser"),
    rectangle: choose("rectangle"),
    move: choose("move"),
    undo: () => session.undo(),
    redo: () => session.redo(),
    invert: () => painter()?.edit("invert", (mask) => mask.invert()),
    clear: () => painter()?.edit("clear", (mask) => mask.clear()),
    damage: () => session.findDamage(),
    grow: () => painter()?.grow(1),
    shrink: () => painter()?.grow(-1),
    suggest: () => session.useSuggestion(),
    "load-mask": () => input("mask-file").click(),
    async "save-mask"() {
      const { work } = session;
      if (work) save(await writeHole(work.mask.hole, work.opened), work.opened.nameOfMask);
    },
    "zoom-in": zoom(ZOOM_STEP),
    "zoom-out": zoom(1 / ZOOM_STEP),
    "zoom-fit"() {
      stage.view.fit();
      stage.refresh();
    },
    compare: () => look.change({ compares: !look.compares }),
    restore: () => session.restore(),
    "try-all": () => session.tryAll(),
    cancel() {
      painter()?.cancel();
      session.cancel();
      onBrush();
    },
    async download() {
      const { work } = session;
      const bytes = await session.encode();
      if (!bytes || !work) return;
      save(bytes, work.opened.nameRestored(bytes));
      session.saved();
    },
    dismiss: () => session.dismissProblem(),
    help: () => /** @type {HTMLDialogElement} */ (element("shortcuts")).showModal(),
  });
  for (const [id, action] of Object.entries(actions)) {
    element(id).addEventListener("click", action);
  }

  /** What a key does: mostly what its button does. @type {typeof actions} */
  const keys = {
    "[": () => resizeBrush(Number(slider.value) - BRUSH_STEP),
    "]": () => resizeBrush(Number(slider.value) + BRUSH_STEP),
  };
  for (const button of all("[data-key]")) {
    keys[button.dataset.key?.toLowerCase() ?? ""] = () => button.click();
  }
  keys.backspace = keys.delete;
  keys["="] = keys["+"];
  keys["control+y"] = keys["control+shift+z"];

  for (const button of all("#languages button")) {
    button.addEventListener("click", () => {
      remember(button.lang);
      speakAll(/** @type {Language} */ (button.lang));
    });
  }
  input("model").addEventListener("change", () => session.chooseModel(input("model").value));
  slider.addEventListener("input", () => resizeBrush());
  const marks = input("show-invented");
  marks.addEventListener("change", () => look.change({ marksInvented: marks.checked }));
  const atOnce = input("at-once");
  atOnce.addEventListener("change", () => (session.restoresAtOnce = atOnce.checked));
  element("token").addEventListener("submit", (event) => {
    event.preventDefault();
    session.service.token = input("token-given").value;
    element("token").hidden = true;
    start();
  });
  return { keys, showBrush, speak: speakAll, start };
}
