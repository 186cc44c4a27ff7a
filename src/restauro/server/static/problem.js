/** What the person at the page can mend, as opposed to a mistake of ours. */

export class Problem extends Error {
  /**
   * @param {string} key of the sentence in `sentences.js`
   * @param {Record<string, string | number>} [values] that the sentence names
   * @param {string} [sentence] the service's own, where `sentences.js` has none for the key
   */
  constructor(key, values = {}, sentence = "") {
    super(sentence || key);
    this.key = key;
    this.values = values;
    this.sentence = sentence;
  }
}

/** Whether something was ended on purpose, which is no problem. @param {unknown} error */
export function isCancelled(error) {
  return error instanceof DOMException && error.name === "AbortError";
}
