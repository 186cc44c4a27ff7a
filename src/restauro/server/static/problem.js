/** What the person at the page can mend, as opposed to a mistake of ours. */

export class Problem extends Error {
  /**
   * @param {string} key of the sentence in `strings.js`
   * @param {Record<string, string | number>} [values] that the sentence names
   * @param {string} [sentence] said when `strings.js` has none for the key: the service's own
   */
  constructor(key, values = {}, sentence = "") {
    super(sentence || key);
    this.key = key;
    this.values = values;
    this.sentence = sentence;
  }
}
