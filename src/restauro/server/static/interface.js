/** Shows a session in the page: texts, states of the controls, what is visible. */

import { relative } from "./api.js";
import { isHere } from "./engine.js";
import { currentLanguage, sentence, translated } from "./strings.js";
/** @import { Model } from "./api.js" */
/** @import { Derived } from "./derived.js" */
/** @import { Language } from "./strings.js" */
/** @import { Session } from "./session.js" */

/** Keys that are no button's, and what they do. */
const OTHER_KEYS = [
  ["arrows", "help_brush"],
  ["space", "help_dot"],
  ["shift arrows", "help_line"],
  ["space drag", "help_pan"],
  ["[ ]", "help_size"],
];

/** @param {string} id */
export function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {string} id */
export function input(id) {
  return /** @type {HTMLInputElement} */ (element(id));
}

/** @param {string} selector @returns {NodeListOf<HTMLElement>} */
export function all(selector) {
  return document.querySelectorAll(selector);
}

/**
 * A text of the page in its language; the key itself shows that it was forgotten.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function text(key, values) {
  return sentence(key, values) ?? key;
}

/** Writes all fixed texts of the page in a language. @param {Language} language */
export function speak(language) {
  document.documentElement.lang = language;
  document.title = text("title");
  for (const each of all("[data-text]")) {
    each.textContent = text(each.dataset.text ?? "");
  }
  for (const each of all("[data-label]")) {
    each.ariaLabel = text(each.dataset.label ?? "");
    if (each.tagName === "BUTTON") each.title = each.ariaLabel;
  }
  const others = OTHER_KEYS.map(([keys, does]) => keyRow(keys.split(" "), text(does)));
  element("keys").replaceChildren(...others, ...[...all("[data-key]")].map(showKey));
  for (const button of element("languages").children) {
    button.ariaPressed = String(button.getAttribute("lang") === language);
  }
  element("privacy").textContent = isHere
    ? text("private_here")
    : text("private_host", { host: location.hostname });
}

/** The row of a button's key, which its tooltip tells, too. @param {HTMLElement} button */
function showKey(button) {
  const { key = "" } = button.dataset;
  const label = (button.ariaLabel || button.textContent || "").trim();
  button.setAttribute("aria-keyshortcuts", key);
  button.title = `${label} (${nameOfKey(key)})`;
  return keyRow([key], label);
}

/** @param {string[]} keys @param {string} label */
function keyRow(keys, label) {
  const row = document.createElement("div");
  const [names, what] = ["dt", "dd"].map((tag) => row.appendChild(document.createElement(tag)));
  for (const key of keys) {
    names.appendChild(document.createElement("kbd")).textContent = nameOfKey(key);
  }
  what.textContent = label;
  return row;
}

/** @param {string} key */
function nameOfKey(key) {
  return sentence(`key_${key.toLowerCase()}`) ?? key.replace("Control", "Ctrl");
}

/** Shows what was derived. @param {Derived} derived */
export function show(derived) {
  document.body.dataset.phase = derived.phase;
  document.body.dataset.kept = String(derived.isKept);
  for (const [id, isDisabled] of Object.entries(derived.disabled)) input(id).disabled = isDisabled;
  for (const [id, isHidden] of Object.entries(derived.hidden)) element(id).hidden = isHidden;
  for (const button of all(".tool")) button.ariaPressed = String(button.id === derived.tool);
  element("before").ariaPressed = String(derived.showsBefore);
  element("compare").ariaPressed = String(derived.compares);
  element("restore").textContent = text(derived.restore);
  for (const id of ["restore", "download"]) {
    element(id).className = id === derived.primary ? "primary" : "secondary";
  }
  element("status").textContent = statusOf(derived.status);
  showRemark(derived.remark);
  const stage = element("stage");
  stage.dataset.tool = derived.movesPicture ? "move" : derived.tool;
  stage.ariaLabel = text(derived.stage);
  stage.ariaBusy = String(derived.phase === "restoring");
  input("progress").value = String(derived.share);
  showElapsed(derived);
  showProblem(derived);
  showModel(derived);
}

/** Fills the list of models. @param {Session} session */
export function showModels({ models, modelName }) {
  const options = models.map(({ name }) => new Option(nameOf(name), name));
  element("model").replaceChildren(...options);
  input("model").value = modelName;
}

/** Offers the sample pictures. @param {Session} session */
export function showSamples(session) {
  const items = session.samples.map((sample) => {
    const image = new Image(72, 72);
    image.src = relative(sample.url);
    image.alt = text("sample", { name: sample.name });
    const button = document.createElement("button");
    button.title = translated(sample.credit).words;
    button.append(image);
    button.addEventListener("click", () => session.openSample(sample));
    const item = document.createElement("li");
    item.append(button);
    return item;
  });
  element("samples-list").replaceChildren(...items);
  element("samples").hidden = items.length === 0;
}

/** Says what went wrong. @param {Derived} derived */
function showProblem({ problem }) {
  const words = element("problem-sentence");
  const known = problem && sentence(problem.key, problem.values);
  words.textContent = problem
    ? known || problem.sentence || text("refused", problem.values)
    : "";
  words.lang = problem && !known ? "en" : currentLanguage();
  element("dismiss").hidden = !problem;
  if (problem?.key === "service_token") element("token").hidden = false;
}

/** Counts the seconds of a restoration; not read aloud. @param {Derived} derived */
export function showElapsed({ runningSince, forecast }) {
  const seconds = Math.floor((Date.now() - runningSince) / 1000);
  const key = forecast ? "elapsed_of" : "elapsed";
  const shown = forecast || seconds ? text(key, { seconds, forecast: rounded(forecast ?? 0) }) : "";
  element("elapsed").textContent = runningSince ? shown : "";
}

/** A forecast is no more exact than this. @param {number} seconds */
function rounded(seconds) {
  return Math.max(1, Number(seconds.toPrecision(seconds < 30 ? 1 : 2)));
}

/** @param {string} remark of the service */
function showRemark(remark) {
  const { words, language } = translated(remark);
  element("remark").textContent = words;
  element("remark").lang = language;
}

/** Shows what the chosen model says of itself. @param {Derived} derived */
function showModel({ model }) {
  if (!model) return;
  const [domain, terms] = [model.domain, model.terms].map((words) => translated(words));
  for (const [id, { words, language }] of Object.entries({
    "model-domain": domain,
    "model-terms": terms,
    "model-line": { ...terms, words: `${model.name}: ${domain.words}; ${terms.words}` },
  })) {
    element(id).textContent = words;
    element(id).lang = language;
  }
  element("model-details").textContent = detailsOf(model);
}

/** @param {Model} model */
function detailsOf({ kind, version, parameters, size }) {
  const [height, width] = size ?? [0, 0];
  return text(`details_${kind}`, {
    version: version ?? "",
    parameters: Number(((parameters ?? 0) / 1e6).toPrecision(2)),
    width,
    height,
  });
}

/** @param {Derived["status"]} status */
function statusOf({ key, share = 0, model = "", seconds = 0, place = 0 }) {
  const percent = { style: /** @type {const} */ ("percent"), maximumSignificantDigits: 2 };
  return text(key, {
    share: new Intl.NumberFormat(currentLanguage(), percent).format(share),
    model: nameOf(model),
    seconds: Number(seconds.toPrecision(2)),
    place,
  });
}

/** @param {string} name of a model */
export function nameOf(name) {
  return name === "auto" ? text("model_auto") : name;
}
