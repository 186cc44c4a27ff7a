/**
 * What is being worked on, and what is under way. No part of the page is touched here; whoever shows
 * a session listens to its `change` events.
 */

import { Choices } from "./choices.js";
import { Fill } from "./fill.js";
import { Keeper } from "./keeper.js";
import { readMask } from "./mask_file.js";
import { Picture } from "./picture.js";
import { Problem } from "./problem.js";
import { Running } from "./running.js";
import { Work } from "./work.js";
/** @import { Task } from "./work.js" */
/** @import { Step } from "./history.js" */
/** @import { Area } from "./mask.js" */
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
  /** The last thing that went wrong, or that is to be known, until the next action. @type {Problem | null} */
  problem = null;
  /** Whether something would be lost by opening another picture. */
  isUnsaved = false;
  /** Whether the picture is being encoded, to be downloaded. */
  isEncoding = false;
  /** Whether a stroke that ends is restored at once. */
  restoresAtOnce = false;

  #keeper = new Keeper(() => this.announce());

  /**
   * @param {Service} service
   * @param {(area: Area) => void} onPaint told where the hole changed
   * @param {(work: Work, step: Step | null) => void} onStep told of every new step; see `Work`
   */
  constructor(service, onPaint, onStep) {
    super();
    this.service = service;
    this.onPaint = onPaint;
    this.onStep = onStep;
  }

  get model() {
    return this.models.find(({ name }) => name === this.modelName) ?? null;
  }

  /** Whether all of it outlasts the page. */
  get isKept() {
    return this.#keeper.hasAll;
  }

  /** Asks the service what it offers. */
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
      const opened = await Picture.open(kept.bytes, kept.name);
      const steps = [];
      for (const { answer, hole, isAgain, ...step } of kept.steps) {
        const fill = answer && hole ? await Fill.of(answer, hole, Boolean(isAgain)) : null;
        steps.push({ ...step, fill });
      }
      const work = this.#begin(opened);
      this.#keeper.adopt(work, kept);
      work.replay(steps, kept.last);
      this.isUnsaved = kept.isUnsaved;
    });
  }

  /** @param {string} name */
  chooseModel(name) {
    this.modelName = name;
    this.announce();
  }

  /**
   * @param {Blob} bytes
   * @param {string} name
   */
  async open(bytes, name) {
    await this.#attempt(async () => {
      this.#begin(await Picture.open(bytes, name));
      this.#keep();
    });
  }

  /** @param {Sample} sample */
  async openSample(sample) {
    const bytes = await this.#attempt(() => this.service.sample(sample));
    if (bytes) await this.open(bytes, sample.url.replace(/.*\//, ""));
  }

  /** Leaves the picture; nothing of it stays in this browser. */
  close() {
    this.cancel();
    this.work?.close();
    this.work = this.choices = null;
    this.isUnsaved = false;
    this.#keep();
    this.#changed();
  }

  /** @param {File} file */
  async useMask(file) {
    const { work } = this;
    if (!work) return;
    await this.#attempt(async () => {
      const { mask, numSoft } = await readMask(file, work.mask, file.name);
      if (this.work !== work) return;
      work.painter.replace(mask);
      if (numSoft) throw new Problem("soft_mask", { count: numSoft });
    });
  }

  async restore() {
    const { work, modelName } = this;
    const task = work?.task;
    if (!work || !task || !modelName) return;
    const isDone = await this.#run(async (running) => {
      const fill = await this.#answer(work, task, modelName, running);
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
    const choices = new Choices(work, task);
    await this.#run(async (running) => {
      this.choices = choices;
      /** @type {Problem | null} */
      let problem = null;
      for (const { name } of this.models.filter(({ kind }) => kind !== "choice")) {
        if (!choices.fit) break;
        running.says = "trying";
        running.model = name;
        this.announce();
        try {
          choices.fills.push(await this.#answer(work, task, name, running));
        } catch (error) {
          if (!(error instanceof Problem)) throw error;
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
      work.painter.add(damage, work.invented);
      if (work.history.last === last) throw new Problem("no_damage");
    });
  }

  /** @param {Fill} fill one of the choices */
  choose(fill) {
    this.cancel();
    this.choices?.choose(fill);
  }

  /** Ends a restoration in progress. */
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
    const { signal } = new AbortController();
    const bytes = await this.#attempt(() => this.service.composite(work.opened, work.fills, signal));
    this.isEncoding = false;
    this.announce();
    return bytes;
  }

  /** Knows that the picture was downloaded. */
  saved() {
    this.isUnsaved = false;
    this.#keep();
  }

  dismissProblem() {
    this.#changed();
  }

  /** Tells all who listen to look again. */
  announce() {
    this.dispatchEvent(new Event("change"));
  }

  /** @param {Picture} picture that was opened */
  #begin(picture) {
    this.cancel();
    const last = this.work?.painter;
    this.work?.close();
    this.work = new Work(picture, {
      paint: this.onPaint,
      step: this.onStep,
      change: (step) => this.#stepped(step),
    });
    this.work.painter.resemble(last);
    this.choices = null;
    this.isUnsaved = false;
    return this.work;
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
   * Does something that can be cancelled, unless something is under way.
   * @param {(running: Running) => Promise<void>} action
   * @returns {Promise<boolean>} whether it was done
   */
  async #run(action) {
    if (this.running) return false;
    const running = (this.running = new Running());
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

  /**
   * @param {Work} work
   * @param {Task} task
   * @param {string} model
   * @param {Running} running
   */
  async #answer(work, task, model, running) {
    const { fills, hole, isAgain } = task;
    const { signal } = running.abort;
    const answer = await this.service.fill(
      { picture: work.opened, fills, hole, model },
      {
        signal,
        onEvent: (event) => {
          running.hear(event, work.opened, hole);
          this.announce();
        },
      },
    );
    const fill = await Fill.of(answer, hole, isAgain);
    await work.painter.idle();
    signal.throwIfAborted();
    return fill;
  }

  #keep() {
    void this.#keeper.keep(this.work, this.isUnsaved);
  }

  /**
   * Does something that may fail in ways the person can mend.
   * @template Result
   * @param {() => Promise<Result>} action
   * @returns {Promise<Result | null>} null if it failed
   */
  async #attempt(action) {
    this.#changed();
    try {
      const result = await action();
      this.announce();
      return result;
    } catch (error) {
      const isCancelled = error instanceof DOMException && error.name === "AbortError";
      const problem = error instanceof Problem ? error : null;
      if (!isCancelled && !problem) throw error;
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
