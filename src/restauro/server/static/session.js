/** What is being worked on, and what is under way; whoever shows it listens to `change` events. */

import { Choices } from "./choices.js";
import { Keeper, stepOf } from "./keeper.js";
import { readMask } from "./mask_file.js";
import { Picture } from "./picture.js";
import { Problem, isCancelled } from "./problem.js";
import { Running } from "./running.js";
import { Work } from "./work.js";
/** @import { Step } from "./history.js" */
/** @import { Listener } from "./work.js" */
/** @import { Model, Sample, Service } from "./api.js" */

export class Session extends EventTarget {
  /** @type {Model[]} */
  models = [];
  /** @type {Sample[]} */
  samples = [];
  /** Name of the chosen model; empty until the service has named some. */
  modelName = "";
  /** @type {Work | null} */
  work = null;
  /** @type {Running | null} */
  running = null;
  /** @type {Choices | null} */
  choices = null;
  /** What went wrong, or is to be known, until the next action. @type {Problem | null} */
  problem = null;
  /** Whether something would be lost by opening another picture. */
  isUnsaved = false;
  /** Whether the picture is being encoded, to be downloaded. */
  isEncoding = false;
  /** Whether a stroke that ends is restored at once. */
  restoresAtOnce = false;

  #keeper = new Keeper(() => this.announce());

  /** @param {Service} service @param {Omit<Listener, "change">} listener */
  constructor(service, listener) {
    super();
    this.service = service;
    this.listener = listener;
  }

  get model() {
    return this.models.find(({ name }) => name === this.modelName) ?? null;
  }

  /** Whether all of it outlasts the page. */
  get isKept() {
    return this.#keeper.hasAll;
  }

  async start() {
    await this.#attempt(async () => {
      this.models = await this.service.models();
      const chosen = this.models.find((model) => model.default) ?? this.models[0];
      if (!this.model) this.modelName = chosen?.name ?? "";
      this.samples = await this.service.samples();
    });
  }

  /** Goes on with what was kept in this browser, if anything was. */
  async resume() {
    const kept = await this.#keeper.read();
    if (!kept || this.work) return;
    await this.#attempt(async () => {
      const opened = await Picture.open(kept.bytes, kept.name, kept.suggestion);
      const steps = await Promise.all(kept.steps.map(stepOf));
      this.#begin(opened);
      this.#keeper.adopt(this.work, kept);
      this.work?.replay(steps, kept.last);
      this.isUnsaved = kept.isUnsaved;
    });
  }

  /** @param {string} name */
  chooseModel(name) {
    this.modelName = name;
    this.announce();
  }

  /** @param {Blob} bytes @param {string} name */
  async open(bytes, name, suggestion = "") {
    await this.#attempt(async () => {
      this.#begin(await Picture.open(bytes, name, suggestion));
      this.#keep();
    });
  }

  /** @param {Sample} sample */
  async openSample({ url, mask }) {
    const bytes = await this.#attempt(() => this.service.sample(url));
    if (bytes) await this.open(bytes, url.replace(/.*\//, ""), mask);
  }

  /** Leaves the picture; nothing of it stays in this browser. */
  close() {
    this.#begin(null);
    this.#keep();
    this.#changed();
  }

  /** Makes the hole that a sample comes with the one to fill. */
  async useSuggestion() {
    const url = this.work?.opened.suggestion;
    if (url) await this.useMask(this.service.sample(url));
  }

  /** @param {Blob | Promise<Blob>} file @param {string} [name] */
  async useMask(file, name) {
    const { work } = this;
    if (!work) return;
    await this.#attempt(async () => {
      const { mask, numSoft } = await readMask(await file, work.mask, name);
      if (this.work !== work) return;
      work.painter.edit("load_mask", (own) => own.replace(mask));
      if (numSoft) throw new Problem("soft_mask", { count: numSoft });
    });
  }

  async restore() {
    const { work, modelName } = this;
    const task = work?.task;
    if (!work || !task || !modelName) return;
    const isDone = await this.#run(async (running) => {
      const fill = await running.answer(this.service, work, task, modelName, this.model?.several);
      this.running = null;
      work.restored(fill);
    });
    if (isDone && this.restoresAtOnce && work.mask.count) await this.restore();
  }

  /** Asks all models, one after another, for answers to choose from. */
  async tryAll() {
    const { work } = this;
    const task = work?.task;
    if (!work || !task) return;
    await this.#run(async (running) => {
      const choices = (this.choices = new Choices(work));
      running.says = "trying";
      /** @type {unknown} */
      let problem = null;
      for (const { name, kind, several } of this.models) {
        if (kind === "choice") continue;
        if (!choices.fit) break;
        running.model = name;
        this.announce();
        try {
          choices.fills.push(await running.answer(this.service, work, task, name, several));
        } catch (error) {
          if (running.abort.signal.aborted) throw error;
          problem = error; // others may have an answer
        }
      }
      if (problem) throw problem;
    });
  }

  /** Paints over what looks damaged, unless it is filled already. */
  async findDamage() {
    const { work } = this;
    if (!work) return;
    await this.#run(async (running) => {
      const { signal } = running.abort;
      running.says = "finding";
      this.announce();
      const damage = await this.service.damage(work.opened, signal);
      await work.painter.idle();
      signal.throwIfAborted();
      const { last } = work.history;
      work.painter.edit("damage", (mask) => mask.add(damage, work.invented));
      if (work.history.last === last) throw new Problem("no_damage");
    });
  }

  /** @param {number} number of one of the choices, from 0 */
  choose(number) {
    this.cancel();
    this.choices?.choose(number);
  }

  cancel() {
    this.running?.abort.abort();
  }

  undo() {
    if (this.work) this.goTo(this.work.history.done - 1);
  }

  redo() {
    if (this.work) this.goTo(this.work.history.done + 1);
  }

  /** @param {number} done how many of the steps are to be in force */
  goTo(done) {
    const before = this.work?.picture;
    this.work?.goTo(done);
    if (this.work?.picture !== before) this.cancel(); // its answer would belong to another picture
  }

  /** The file of the picture with all fills; null if there is none. */
  async encode() {
    const { work } = this;
    if (!work?.fills.length || this.isEncoding) return null;
    this.isEncoding = true;
    const bytes = await this.#attempt(() => this.service.composite(work.opened, work.fills));
    this.isEncoding = false;
    this.announce();
    return bytes;
  }

  saved() {
    this.isUnsaved = false;
    this.#keep();
  }

  dismissProblem() {
    this.#changed();
  }

  announce() {
    this.dispatchEvent(new Event("change"));
  }

  /** @param {Picture | null} picture that was opened; null: the last one is left */
  #begin(picture) {
    this.cancel();
    const last = this.work;
    last?.close();
    const change = (/** @type {Step | null} */ step) => this.#stepped(step);
    this.work = picture && new Work(picture, { ...this.listener, change });
    this.work?.painter.resemble(last?.painter);
    this.choices = null;
    this.isUnsaved = false;
  }

  /** @param {Step | null} step that was made */
  #stepped(step) {
    this.isUnsaved = true;
    this.#keep();
    this.#changed();
    const isPainted = step?.kind === "brush" || step?.kind === "rectangle";
    if (isPainted && this.restoresAtOnce) void this.restore();
  }

  /**
   * Does something that can be cancelled, unless something is under way. Tells whether it was done.
   * @param {(running: Running) => Promise<void>} action
   */
  async #run(action) {
    if (this.running) return false;
    const running = (this.running = new Running(() => this.announce()));
    const isDone = await this.#attempt(async () => {
      try {
        await action(running);
        return true;
      } finally {
        if (this.running === running) this.running = null;
      }
    });
    return Boolean(isDone);
  }

  #keep() {
    void this.#keeper.keep(this.work, this.isUnsaved);
  }

  /**
   * Does something that may fail in ways the person can mend; null if it did.
   * @template Result
   * @param {() => Promise<Result>} action
   */
  async #attempt(action) {
    this.#changed();
    try {
      const result = await action();
      this.announce();
      return result;
    } catch (error) {
      const problem = error instanceof Problem ? error : null;
      if (!problem && !isCancelled(error)) throw error;
      this.#changed(problem);
      return null;
    }
  }

  /** @param {Problem | null} [problem] */
  #changed(problem = null) {
    this.problem = problem;
    this.announce();
  }
}
