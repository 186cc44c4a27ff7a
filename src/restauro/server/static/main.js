/** The page: joins session, stage and controls. Start reading here. */

import { compare } from "./comparing.js";
import { Controls } from "./controls.js";
import { derive } from "./derived.js";
import { Engine } from "./engine.js";
import { acceptFiles } from "./files.js";
import { Gestures } from "./gestures.js";
import { element, input, show, showElapsed } from "./interface.js";
import { Keyboard } from "./keyboard.js";
import { Look } from "./look.js";
import { Marks } from "./marks.js";
import { Session } from "./session.js";
import { Answers, Timeline } from "./small_pictures.js";
import { Stage } from "./stage.js";
import { preferredLanguage } from "./strings.js";

const look = new Look();
const timeline = new Timeline((done) => session.goTo(done));
const answers = new Answers((fill) => session.choose(fill));
const engine = new Engine();
const session = new Session(
  engine,
  (area) => stage.refreshHole(area),
  (work, step) => timeline.add(work, step),
);
const stage = new Stage(
  element("stage"),
  /** @type {HTMLCanvasElement} */ (element("picture-canvas")),
  /** @type {HTMLCanvasElement} */ (element("hole-canvas")),
  placeMarks,
);
const controls = new Controls(session, look, stage, placeMarks);
const marks = new Marks(stage, {
  brush: element("cursor"),
  rectangle: element("selection"),
  divider: element("divider"),
});
const keyboard = new Keyboard(element("stage"), session, look, stage, controls.keys, placeMarks);
let derived = derive(session, look);

new Gestures(element("stage"), {
  movesPicture: () => derived.movesPicture,
  begin(point, isEraser) {
    session.work?.painter.begin(stage.view.toPicture(point.x, point.y), isEraser);
  },
  move(point) {
    session.work?.painter.move(stage.view.toPicture(point.x, point.y));
    marks.brush = point; // a finger does not hover, but a rectangle needs its corner
    placeMarks();
  },
  end(point) {
    session.work?.painter.end(stage.view.toPicture(point.x, point.y));
    placeMarks();
  },
  cancel() {
    session.work?.painter.cancel();
    placeMarks();
  },
  pan(dx, dy) {
    stage.view.pan(dx, dy);
    stage.refresh();
    keyboard.hasPanned = true;
  },
  zoom(factor, point) {
    stage.view.zoom(factor, point.x, point.y);
    stage.refresh();
  },
  hover(point) {
    marks.brush = point;
    placeMarks();
  },
});

/** Shows all that session and look have become. */
function refresh() {
  const { phase } = derived;
  derived = derive(session, look);
  const { work, picture, before, painted, invented, unsure, draft } = derived;
  if (work && stage.view.picture !== work.opened) {
    stage.view.picture = work.opened;
    stage.view.fit();
  }
  const isOther = stage.picture !== picture || stage.before !== before;
  const isMarked = stage.painted !== painted || stage.invented !== invented;
  const isDrafted = stage.draft !== draft || (draft && !draft.isShown);
  Object.assign(stage, { picture, before, painted, invented, unsure, draft });
  if (isOther || isMarked || isDrafted) stage.refresh();
  if (draft) draft.isShown = true;
  controls.refresh();
  show(derived);
  timeline.show(derived);
  answers.show(derived);
  placeMarks();
  if (derived.phase !== phase) keepFocus();
  if (work) engine.prepare(session.modelName);
}

/** Gives the focus a new place if its own has just vanished from the page. */
function keepFocus() {
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  if (focused?.offsetParent) return;
  const place = { empty: "open", restoring: "cancel", painting: "stage", restored: "stage" };
  element(place[derived.phase]).focus({ preventScroll: true });
}

/** Moves what lies over the picture to where it belongs. */
function placeMarks() {
  if (keyboard.point) marks.brush = stage.view.toStage(keyboard.point.x, keyboard.point.y);
  marks.place(derived);
  element("zoom").textContent = `${Math.round(100 * stage.view.scale)} %`;
  input("divided").value = String(Math.round(100 * stage.divider));
}

session.addEventListener("change", refresh);
look.addEventListener("change", refresh);
setInterval(() => showElapsed(derived), 500);
compare(session, look, stage);
acceptFiles(session);
controls.speak(preferredLanguage());
await Promise.all([controls.start(), session.resume()]);
