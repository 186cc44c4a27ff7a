/** What the page says, in the language that was chosen. */

import * as refused from "./refusals.js"; // made by server/refusals.py
import { SENTENCES, TRANSLATIONS } from "./sentences.js";

export const LANGUAGES = /** @type {const} */ (["en", "it"]);
/** @typedef {(typeof LANGUAGES)[number]} Language */

/** @type {Record<string, (string | null)[]>} */
const ALL = { ...refused.SENTENCES, ...SENTENCES };
const STORED = "restauro.language";

/** The language chosen before, else the first of the browser's that the page speaks. */
export function preferredLanguage() {
  const wanted = [stored(), ...navigator.languages].map((tag) => tag?.slice(0, 2).toLowerCase());
  return wanted.find((tag) => tag === "en" || tag === "it") ?? "en";
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
export function sentence(key, values = {}) {
  const language = currentLanguage();
  const words = ALL[key]?.[LANGUAGES.indexOf(language)];
  return words?.replace(/\{(\w+)\}/g, (_, name) => spoken(values[name], language)) ?? null;
}

/**
 * Words of the service, which speaks English, and the language that they are in: the page's own where
 * that knows them.
 * @param {string} english
 */
export function translated(english) {
  const language = currentLanguage();
  const [pattern, words] = TRANSLATIONS.find(([known]) => known.test(english)) ?? [];
  if (language === "en" || !pattern || !words) return { words: english, language: "en" };
  return { words: english.replace(pattern, words), language };
}

export function currentLanguage() {
  return /** @type {Language} */ (document.documentElement.lang);
}

/** @param {string | number} value @param {Language} language */
function spoken(value, language) {
  if (typeof value !== "number") return String(value);
  return new Intl.NumberFormat(language, { maximumFractionDigits: 2 }).format(value);
}
