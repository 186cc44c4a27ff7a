/** All that the page says, in each of its languages. */

import { ITALIAN as REFUSED } from "./refusals.js"; // made by server/refusals.py

const ENGLISH = {
  title: "restauro: restore a picture",
  language: "Language",
  open: "Open a picture",
  open_short: "Open",
  drop_here: "or drop one here, or paste it",
  welcome: "Paint over what is",
  welcome_end: "missing",
  welcome_steps:
    "Open a picture, paint over what is damaged or should go, and let a small network fill it in.",
  samples: "Or try a sample",
  sample: "Sample: {name}",
  private_here: "Pictures stay on this machine.",
  private_host: "Pictures are sent to {host} and to no other place.",
  stage: "Picture: paint the hole here",
  stage_compared: "Before and after; arrow keys move the divider",
  stage_keys:
    "Arrow keys move the brush, Space paints a dot, Shift with arrow keys paints a line. " +
    "Rectangle: Space at two corners. B, E, R, M choose a tool, brackets change the size, " +
    "plus, minus and 0 zoom, Enter restores.",
  tools: "Tools",
  brush: "Brush",
  eraser: "Eraser",
  rectangle: "Rectangle",
  move: "Move",
  undo: "Undo",
  redo: "Redo",
  invert: "Invert",
  clear: "Clear",
  load_mask: "Load mask",
  save_mask: "Save mask",
  brush_size: "Size",
  pixels: "{count} px",
  zoom: "Zoom",
  zoom_in: "Zoom in",
  zoom_out: "Zoom out",
  zoom_fit: "Show all",
  before: "Before",
  after: "After",
  divider: "Divider between before and after",
  model: "Model",
  model_auto: "Automatic",
  made_for: "Made for",
  terms: "Terms",
  details: "Details",
  details_network: "version {version}, {parameters} million weights, trained at {width} × {height}",
  details_classical: "a rule, without learning",
  details_choice: "takes the best of the others for each hole",
  details_other: "of another project",
  restoration: "Restoration",
  restore: "Restore",
  restore_again: "Restore again",
  cancel: "Cancel",
  download: "Download",
  keep_painting: "Keep painting on this",
  change_hole: "Change the hole",
  show_invented: "Mark what is invented",
  hint: "What fills the hole is invented. It shows what could have been there, not what was.",
  paint_first: "Paint over what should be restored.",
  hole: "Hole: {share} of the picture.",
  restoring: "Restoring…",
  elapsed: "{seconds} s",
  restored: "Restored by {model} in {seconds} s.",
  replace_question: "Open another picture?",
  replace_loss: "The hole and the result that are on show will be lost.",
  replace: "Open the other",
  keep: "Stay here",
  token: "Token of this service",
  token_send: "Use token",
  dismiss: "Dismiss",
  not_a_picture: "{name} is no picture that this browser can show; use a PNG, JPEG or WebP file.",
  other_mask_size:
    "The mask has {mask} pixels, but the picture has {picture}; use a mask of the same size.",
  mask_white_on_transparent:
    "The mask is white on transparent, and both mean hole; put it on a black background.",
  no_answer: "The service does not answer; check that restauro serve still runs, then try again.",
  refused: "The service refused with status {status}; see its log.",
  service_token: "This service asks for its token; enter it below.",
};

/** @type {typeof ENGLISH} */
const ITALIAN = {
  title: "restauro: restaura un’immagine",
  language: "Lingua",
  open: "Apri un’immagine",
  open_short: "Apri",
  drop_here: "oppure trascinala qui, o incollala",
  welcome: "Dipingi su ciò che",
  welcome_end: "manca",
  welcome_steps:
    "Apri un’immagine, dipingi su ciò che è rovinato o di troppo, e lascia che una piccola rete lo completi.",
  samples: "Oppure prova un esempio",
  sample: "Esempio: {name}",
  private_here: "Le immagini restano su questo computer.",
  private_host: "Le immagini vanno a {host} e in nessun altro luogo.",
  stage: "Immagine: dipingi qui la lacuna",
  stage_compared: "Prima e dopo; le frecce spostano il divisorio",
  stage_keys:
    "Le frecce spostano il pennello, Spazio dipinge un punto, Maiuscole con le frecce una linea. " +
    "Rettangolo: Spazio su due angoli. B, E, R, M scelgono lo strumento, le parentesi quadre la " +
    "dimensione, più, meno e 0 lo zoom, Invio restaura.",
  tools: "Strumenti",
  brush: "Pennello",
  eraser: "Gomma",
  rectangle: "Rettangolo",
  move: "Sposta",
  undo: "Annulla",
  redo: "Ripeti",
  invert: "Inverti",
  clear: "Svuota",
  load_mask: "Carica maschera",
  save_mask: "Salva maschera",
  brush_size: "Misura",
  pixels: "{count} px",
  zoom: "Zoom",
  zoom_in: "Ingrandisci",
  zoom_out: "Riduci",
  zoom_fit: "Mostra tutto",
  before: "Prima",
  after: "Dopo",
  divider: "Divisorio tra prima e dopo",
  model: "Modello",
  model_auto: "Automatico",
  made_for: "Pensato per",
  terms: "Condizioni",
  details: "Dettagli",
  details_network:
    "versione {version}, {parameters} milioni di pesi, addestrato a {width} × {height}",
  details_classical: "una regola, senza apprendimento",
  details_choice: "prende il migliore degli altri per ogni lacuna",
  details_other: "di un altro progetto",
  restoration: "Restauro",
  restore: "Restaura",
  restore_again: "Restaura di nuovo",
  cancel: "Interrompi",
  download: "Scarica",
  keep_painting: "Continua su questa",
  change_hole: "Modifica la lacuna",
  show_invented: "Segna ciò che è inventato",
  hint: "Ciò che riempie la lacuna è inventato. Mostra che cosa poteva esserci, non che cosa c’era.",
  paint_first: "Dipingi su ciò che va restaurato.",
  hole: "Lacuna: {share} dell’immagine.",
  restoring: "Restauro in corso…",
  elapsed: "{seconds} s",
  restored: "Restaurata da {model} in {seconds} s.",
  replace_question: "Aprire un’altra immagine?",
  replace_loss: "La lacuna e il risultato mostrati andranno persi.",
  replace: "Apri l’altra",
  keep: "Resta qui",
  token: "Token di questo servizio",
  token_send: "Usa il token",
  dismiss: "Chiudi",
  not_a_picture:
    "{name} non è un’immagine che questo browser sa mostrare; usa un file PNG, JPEG o WebP.",
  other_mask_size:
    "La maschera ha {mask} pixel, ma l’immagine ne ha {picture}; usa una maschera della stessa misura.",
  mask_white_on_transparent:
    "La maschera è bianca su trasparente, ed entrambi indicano la lacuna; mettila su uno sfondo nero.",
  no_answer: "Il servizio non risponde; controlla che restauro serve sia attivo, poi riprova.",
  refused: "Il servizio ha rifiutato con stato {status}; vedi il suo registro.",
  service_token: "Il servizio chiede il suo token; inseriscilo qui sotto.",
};

export const LANGUAGES = /** @type {const} */ (["en", "it"]);
/** @typedef {(typeof LANGUAGES)[number]} Language */

/** @type {Record<Language, Record<string, string>>} */
const STRINGS = { en: ENGLISH, it: { ...REFUSED, ...ITALIAN } };
const STORED = "restauro.language";

/** The language chosen before, else the first of the browser's that the page speaks. */
export function preferredLanguage() {
  const wanted = [stored(), ...navigator.languages].map((tag) => tag?.slice(0, 2).toLowerCase());
  return (
    LANGUAGES.find((language) => language === wanted.find((tag) => tag && tag in STRINGS)) ?? "en"
  );
}

/** @param {string} language */
export function remember(language) {
  try {
    localStorage.setItem(STORED, language);
  } catch {
    // storage may be forbidden; then the choice lasts as long as the page
  }
}

function stored() {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

/**
 * A sentence of the page; null where the language has none for the key.
 * @param {string} key
 * @param {Record<string, string | number>} [values] by their names in braces
 */
export function sentence(key, values = {}, language = currentLanguage()) {
  return (
    STRINGS[language][key]?.replace(/\{(\w+)\}/g, (_, name) => spoken(values[name], language)) ??
    null
  );
}

/** @returns {Language} */
export function currentLanguage() {
  return document.documentElement.lang === "it" ? "it" : "en";
}

/**
 * @param {string | number} value
 * @param {Language} language
 */
function spoken(value, language) {
  if (typeof value !== "number") return String(value);
  return new Intl.NumberFormat(language, { maximumFractionDigits: 2 }).format(value);
}
