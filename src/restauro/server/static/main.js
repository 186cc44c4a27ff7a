/** The page: joins session, stage and controls. Start reading here. */

import { compare } from "./comparing.js";
import { control } from "./controls.js";
import { derive } from "./derived.js";
import { Engine } from "./engine.js";
import { acceptFiles } from "./files.js";
import { follow } from "./gestures.js";
import { element, input, show, showElapsed } from "./interface.js";
import { Keyboard } from "./keyboard.js";
import { Look } from "./look.js";
import { Marks } from "./marks.js";
import { Session } from "./session.js";
import { Answers, Timeline } from "./small_pictures.js";
import { Stage } from "./stage.js";
import { preferredLanguage } from "./strings.js";

const look = new Look();
const timeline = new Timeline("steps", (done) => session.goTo(done));
const answers = new Answers("choices", (number) => session.choose(number));
const engine = new Engine();
const session = new Session(engine, {
  paint: (area) => stage.refreshHole(area),
  step: (work, step) => timeline.add(work, step),
});
const stage = new Stage(element("stage"), placeMarks);
const controls = control(session, look, stage, placeMarks);
const marks = new Marks(stage);
const keyboard = new Keyboard(session, look, stage, controls.keys, placeMarks);
let derived = derive(session, look);

follow(element("stage"), {
  movesPicture: () => derived.movesPicture,
  begin(point, isEraser) {
    session.work?.painter.begin(stage.view.toPicture(point), isEraser);
  },
  move(point) {
    session.work?.painter.move(stage.view.toPicture(point));
    marks.brush = point; // a finger does not hover, but a rectangle needs its corner
    placeMarks();
  },
  end(point) {
    session.work?.painter.end(stage.view.toPicture(point));
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
    stage.view.zoom(factor, point);
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
  const focused = /** @type {HTMLElement} */ (document.activeElement ?? document.body);
  derived = derive(session, look);
  stage.show(derived);
  controls.showBrush();
  show(derived);
  timeline.show(derived);
  answers.show(derived);
  placeMarks();
  if (derived.phase !== phase || focused !== document.body) keepFocus(focused);
  if (derived.work) engine.prepare(session.modelName);
}

/** Gives the focus a new place if its own has just vanished. @param {HTMLElement} focused */
function keepFocus(focused) {
  if (focused.offsetParent) return;
  const place = { empty: "open", restoring: "cancel", painting: "stage", restored: "stage" };
  element(place[derived.phase]).focus({ preventScroll: true });
}

/** Moves what lies over the picture to where it belongs. */
function placeMarks() {
  if (keyboard.point) marks.brush = stage.view.toStage(keyboard.point);
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
