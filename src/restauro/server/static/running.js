/** A restoration under way, and how far it is. */

import { Draft } from "./fill.js";
/** @import { Progress } from "./api.js" */
/** @import { Hole } from "./fill.js" */
/** @import { Picture } from "./picture.js" */

export class Running {
  abort = new AbortController();
  /** What the page says meanwhile, a key of `strings.js`. */
  says = "restoring";
  /** Name of the model, where several are tried. */
  model = "";
  /** Since when it is computed, in milliseconds; 0 while it waits. */
  since = Date.now();
  /** Whether it waits, and at which place if that is known. */
  isQueued = false;
  /** @type {number | null} */
  place = null;
  /** How many seconds it may take, if that is known. @type {number | null} */
  seconds = null;
  /** Share of the hole that is filled for good. */
  share = 0;
  /** What the hole has got so far. @type {Draft | null} */
  draft = null;

  /**
   * Takes in what is told about the filling of a hole.
   * @param {Progress} event
   * @param {Picture} picture as it was opened
   * @param {Hole} hole
   */
  hear(event, picture, hole) {
    this.isQueued = event.kind === "queued";
    if (event.kind === "queued") {
      this.place = event.place;
      this.since = 0;
    } else if (event.kind === "begun") {
      this.seconds = event.seconds;
      this.since = Date.now();
      this.share = 0;
      this.draft = null;
    } else {
      this.draft ??= new Draft(picture, hole);
      this.draft.add(event.area, event.image);
      this.share = event.share;
    }
  }
}
