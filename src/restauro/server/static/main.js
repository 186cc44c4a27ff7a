/** The page: joins session, stage and controls. Start reading here. */

import { Service } from "./api.js";
import { Controls } from "./controls.js";
import { acceptFiles } from "./files.js";
import { Gestures } from "./gestures.js";
import { element } from "./interface.js";
import { Keyboard } from "./keyboard.js";
import { Marks } from "./marks.js";
import { Session } from "./session.js";
import { Stage } from "./stage.js";
import { preferredLanguage } from "./strings.js";
/** @import { Phase } from "./session.js" */

const session = new Session(new Service(), (area) => stage.refreshHole(area));
const stage = new Stage(
  element("stage"),
  /** @type {HTMLCanvasElement} */ (element("picture-canvas")),
  /** @type {HTMLCanvasElement} */ (element("hole-canvas")),
  placeMarks,
);
const controls = new Controls(session, stage, placeMarks);
const marks = new Marks(session, stage, {
  brush: element("cursor"),
  rectangle: element("selection"),
  divider: element("divider"),
});
const keyboard = new Keyboard(element("stage"), session, stage, controls.keys, placeMarks);

new Gestures(element("stage"), {
  movesPicture: () => controls.movesPicture || session.phase === "restoring",
  begin(point, isEraser) {
    if (session.phase === "compared") this.move(point);
    else session.painter?.begin(stage.view.toPicture(point.x, point.y), isEraser);
  },
  move(point) {
    if (session.phase === "compared") {
      stage.dividerPosition = point.x;
      stage.refresh();
    } else {
      session.painter?.move(stage.view.toPicture(point.x, point.y));
      marks.brush = point; // a finger does not hover, but a rectangle needs its corner
      placeMarks();
    }
  },
  end(point) {
    if (session.phase === "painting") session.painter?.end(stage.view.toPicture(point.x, point.y));
    placeMarks();
  },
  cancel() {
    session.painter?.cancel();
    placeMarks();
  },
  pan(dx, dy) {
    stage.view.pan(dx, dy);
    stage.refresh();
  },
  zoom(factor, point) {
    stage.view.zoom(factor, point.x, point.y);
    stage.refresh();
  },
  hover(point) {
    marks.brush = controls.movesPicture ? null : point;
    placeMarks();
  },
});

/** @type {Phase} */
let lastPhase = session.phase;

session.addEventListener("change", () => {
  const { picture, result, opened, painter, phase } = session;
  const isCompared = phase === "compared";
  if (picture && stage.view.picture !== picture) {
    const { width, height } = stage.view.picture;
    stage.view.picture = picture;
    if (width !== picture.width || height !== picture.height) stage.view.fit();
  }
  if (isCompared && lastPhase !== "compared") stage.divider = 0.5;
  stage.picture = result ?? picture;
  stage.before = isCompared ? opened : null;
  const showsHole = !isCompared || controls.showInvented.checked;
  stage.mask = showsHole && painter ? painter.mask : null;
  controls.refresh();
  if (phase !== lastPhase) keepFocus(phase);
  lastPhase = phase;
  stage.refresh();
});

/**
 * Gives the focus a new place if its own has just vanished from the page.
 * @param {Phase} phase
 */
function keepFocus(phase) {
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  if (focused?.offsetParent) return;
  element(phase === "restoring" ? "cancel" : "stage").focus({ preventScroll: true });
}

/** Moves what lies over the picture to where it belongs. */
function placeMarks() {
  if (keyboard.point) marks.brush = stage.view.toStage(keyboard.point.x, keyboard.point.y);
  marks.place();
  controls.refreshView();
}

acceptFiles(session);
controls.speak(preferredLanguage());
controls.start();
