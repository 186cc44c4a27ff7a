/** Shows a session in the page: texts, states of the controls, what is visible. */

import { relative } from "./api.js";
import { currentLanguage, sentence } from "./strings.js";
/** @import { Model } from "./api.js" */
/** @import { Language } from "./strings.js" */
/** @import { Session } from "./session.js" */

/** @param {string} id */
export function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {string} id */
export function input(id) {
  return /** @type {HTMLInputElement} */ (element(id));
}

/**
 * The elements that a selector matches.
 * @param {string} selector
 * @returns {NodeListOf<HTMLElement>}
 */
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

/**
 * Writes all fixed texts of the page in a language.
 * @param {Language} language
 */
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
  for (const each of all("[data-key]")) {
    const key = each.dataset.key ?? "";
    each.setAttribute("aria-keyshortcuts", key);
    each.title = `${each.textContent} (${key.replace("Control", "Ctrl")})`;
  }
  for (const button of element("languages").children) {
    button.ariaPressed = String(button.getAttribute("lang") === language);
  }
  const isHere = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  element("privacy").textContent = isHere
    ? text("private_here")
    : text("private_host", { host: location.hostname });
}

/** @param {Session} session */
export function show(session) {
  document.body.dataset.phase = session.phase;
  showProblem(session);
  showTools(session);
  showActions(session);
  showModel(session);
  element("status").textContent = statusOf(session);
  const stage = element("stage");
  stage.ariaLabel = text(session.phase === "compared" ? "stage_compared" : "stage");
  stage.ariaBusy = String(session.phase === "restoring");
}

/**
 * Fills the list of models.
 * @param {Session} session
 */
export function showModels({ models, modelName }) {
  const options = models.map(({ name }) => new Option(nameOf(name), name));
  element("model").replaceChildren(...options);
  input("model").value = modelName;
}

/**
 * Offers the sample pictures.
 * @param {Session} session
 */
export function showSamples(session) {
  const items = session.samples.map((sample) => {
    const image = new Image(72, 72);
    image.src = relative(sample.url);
    image.alt = text("sample", { name: sample.name });
    const button = document.createElement("button");
    button.title = sample.credit;
    button.append(image);
    button.addEventListener("click", () => session.openSample(sample));
    const item = document.createElement("li");
    item.append(button);
    return item;
  });
  element("samples-list").replaceChildren(...items);
  element("samples").hidden = items.length === 0;
}

/** @param {Session} session */
function showProblem({ problem }) {
  const words = element("problem-sentence");
  const translated = problem && sentence(problem.key, problem.values);
  words.textContent = problem
    ? translated || problem.sentence || text("refused", problem.values)
    : "";
  words.lang = problem && !translated ? "en" : currentLanguage();
  element("dismiss").hidden = !problem;
  if (problem?.key === "service_token") element("token").hidden = false;
}

/**
 * Counts the seconds of a restoration; not read aloud.
 * @param {Session} session
 */
export function showElapsed({ restoringSince }) {
  const seconds = Math.floor((Date.now() - restoringSince) / 1000);
  element("elapsed").textContent = restoringSince && seconds ? text("elapsed", { seconds }) : "";
}

/** @param {Session} session */
function showTools({ phase, painter, holeRatio }) {
  const paints = phase === "painting";
  for (const button of all("#tools button")) {
    input(button.id).disabled = !paints && button.id !== "move";
  }
  input("undo").disabled = !paints || !painter?.history.canUndo;
  input("redo").disabled = !paints || !painter?.history.canRedo;
  input("clear").disabled = !paints || !holeRatio;
  input("save-mask").disabled = !holeRatio;
  input("brush-size").disabled = painter?.tool === "rectangle";
}

/** @param {Session} session */
function showActions({ phase, holeRatio, newest, opened, models }) {
  const restore = element("restore");
  restore.textContent = text(phase === "compared" ? "restore_again" : "restore");
  restore.className = phase === "compared" ? "secondary" : "primary";
  restore.hidden = phase === "restoring";
  input("restore").disabled = !holeRatio || !models.length;
  element("cancel").hidden = phase !== "restoring";
  element("download").hidden = phase === "restoring" || !newest || newest === opened;
  element("download").className = phase === "compared" ? "primary" : "secondary";
  input("model").disabled = phase === "restoring";
}

/** @param {Session} session */
function showModel({ model }) {
  if (!model) return;
  element("model-domain").textContent = model.domain;
  element("model-terms").textContent = model.terms;
  element("model-details").textContent = detailsOf(model);
  element("model-line").textContent = `${model.name}: ${model.domain}; ${model.terms}`;
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

/** @param {Session} session */
function statusOf({ phase, holeRatio, restored }) {
  if (phase === "restoring") return text("restoring");
  if (phase === "compared" && restored) {
    const seconds = Number(restored.seconds.toPrecision(2));
    return text("restored", { model: nameOf(restored.model), seconds });
  }
  if (!holeRatio) return text("paint_first");
  const percent = { style: /** @type {const} */ ("percent"), maximumSignificantDigits: 2 };
  return text("hole", {
    share: new Intl.NumberFormat(currentLanguage(), percent).format(holeRatio),
  });
}

/** @param {string} name of a model */
function nameOf(name) {
  return name === "auto" ? text("model_auto") : name;
}
