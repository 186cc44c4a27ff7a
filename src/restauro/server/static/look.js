/** How the person looks at the picture. Nothing of it is undone or kept. */

export class Look extends EventTarget {
  /** Whether a pointer moves the picture: the one tool that is none of the painter's. */
  moves = false;
  /** Whether a key is held that makes any tool move the picture. */
  movesForNow = false;
  /** Whether the picture is shown as it was opened. */
  showsBefore = false;
  /** Whether before and after are on their sides of a divider. */
  compares = false;
  /** Whether what is invented is marked. */
  marksInvented = false;

  /** @param {Partial<Look>} changes */
  change(changes) {
    Object.assign(this, changes);
    this.dispatchEvent(new Event("change"));
  }
}
