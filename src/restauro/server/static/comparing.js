/** Looking at before and after: a button to hold, and a divider to drag. */

import { element, input } from "./interface.js";
/** @import { Look } from "./look.js" */
/** @import { Session } from "./session.js" */
/** @import { Stage } from "./stage.js" */

const PRESSING = ["Enter", " "];

/**
 * @param {Session} session
 * @param {Look} look
 * @param {Stage} stage
 */
export function compare(session, look, stage) {
  holdToSeeBefore(look);
  const slider = input("divided");
  slider.addEventListener("input", () => {
    stage.divider = Number(slider.value) / 100;
    stage.refresh();
  });
  drag(element("divider"), stage);
  let compared = false;
  look.addEventListener("change", () => {
    const newest = session.work?.fills.at(-1);
    if (look.compares && !compared && newest) stage.divideBeside(newest.hole.area);
    compared = look.compares;
  });
}

/** @param {Look} look */
function holdToSeeBefore(look) {
  const button = element("before");
  const hold = (/** @type {boolean} */ showsBefore) => () => look.change({ showsBefore });
  button.addEventListener("pointerdown", hold(true));
  for (const end of ["pointerup", "pointerleave", "pointercancel", "blur"]) {
    button.addEventListener(end, hold(false));
  }
  button.addEventListener("contextmenu", (event) => event.preventDefault()); // of a long touch
  button.addEventListener("keydown", ({ key, repeat }) => {
    if (PRESSING.includes(key) && !repeat) hold(true)();
  });
  button.addEventListener("keyup", ({ key }) => PRESSING.includes(key) && hold(false)());
}

/**
 * Lets the divider follow a pointer that takes hold of it.
 * @param {HTMLElement} divider
 * @param {Stage} stage
 */
function drag(divider, stage) {
  const handle = /** @type {SVGElement} */ (divider.querySelector("svg"));
  let grip = NaN; // from the pointer to the divider, while it is held
  handle.addEventListener("pointerdown", (event) => {
    event.stopPropagation(); // it is no stroke
    handle.setPointerCapture(event.pointerId);
    grip = stage.dividerPosition - event.clientX;
  });
  handle.addEventListener("pointermove", (event) => {
    if (Number.isNaN(grip)) return;
    event.stopPropagation();
    stage.dividerPosition = event.clientX + grip;
    stage.refresh();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    handle.addEventListener(end, () => (grip = NaN));
  }
}
