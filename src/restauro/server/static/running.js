/** Something under way, and how far it is. */

import { Draft, Fill } from "./fill.js";
/** @import { Progress, Service } from "./api.js" */
/** @import { Task, Work } from "./work.js" */

export class Running {
  abort = new AbortController();
  /** What the page says meanwhile, a key of `sentences.js`. */
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

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
  }

  /**
   * A model's answer, once no stroke is in progress.
   * @param {Service} service
   * @param {Work} work
   * @param {Task} task
   * @param {string} model
   * @param {boolean} [several] whether it has another answer each time
   */
  async answer(service, work, task, model, several) {
    const { signal } = this.abort;
    const onEvent = (/** @type {Progress} */ event) => this.#hear(event, work, task);
    const { fills, hole } = task;
    const seed = several ? work.fills.length - fills.length : 0;
    const request = { picture: work.opened, fills, hole, model, seed };
    const answer = await service.fill(request, { signal, onEvent });
    const fill = await Fill.of(answer, task.hole, task.isAgain);
    await work.painter.idle();
    signal.throwIfAborted();
    return fill;
  }

  /**
   * @param {Progress} event
   * @param {Work} work
   * @param {Task} task
   */
  #hear(event, { opened }, { hole }) {
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
      this.draft ??= new Draft(opened, hole);
      this.draft.add(event.area, event.image);
      this.share = event.share;
    }
    this.onChange();
  }
}
