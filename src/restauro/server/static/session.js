/**
 * What is being worked on: the picture, its hole, the result. No part of the page is touched here;
 * whoever shows a session listens to its `change` events.
 */

import { readMask, writeMask } from "./mask_file.js";
import { Mask } from "./mask.js";
import { Painter } from "./painter.js";
import { Picture } from "./picture.js";
import { Problem } from "./problem.js";
/** @import { Area } from "./mask.js" */
/** @import { Model, Sample, Service } from "./api.js" */

/** @typedef {"empty" | "painting" | "restoring" | "compared"} Phase */

export class Session extends EventTarget {
  /** @type {Phase} */
  phase = "empty";
  /** @type {Model[]} */
  models = [];
  /** @type {Sample[]} */
  samples = [];
  /** Name of the chosen model; empty until the service has named some. */
  modelName = "";
  /** The picture as it was opened: the left side of the comparison. @type {Picture | null} */
  opened = null;
  /** The picture that is painted on: the opened one, or a result that was kept. @type {Picture | null} */
  picture = null;
  /** @type {Picture | null} */
  result = null;
  /** How the result came about. @type {{model: string, seconds: number} | null} */
  restored = null;
  /** @type {Painter | null} */
  painter = null;
  /** When the restoration in progress began, in milliseconds; 0 if there is none. */
  restoringSince = 0;
  /** Share of the picture that is hole, in [0, 1]. */
  holeRatio = 0;
  /** The last thing that went wrong, until the next action. @type {Problem | null} */
  problem = null;
  /** Whether something would be lost by opening another picture. */
  isUnsaved = false;

  /** @type {AbortController | null} */
  #running = null;

  /**
   * @param {Service} service
   * @param {(area: Area) => void} onPaint told where the hole changed
   */
  constructor(service, onPaint) {
    super();
    this.service = service;
    this.onPaint = onPaint;
  }

  get model() {
    return this.models.find(({ name }) => name === this.modelName) ?? null;
  }

  /** The picture to save: the newest there is. */
  get newest() {
    return this.result ?? this.picture;
  }

  /** Asks the service what it offers. */
  async start() {
    await this.#attempt(async () => {
      this.models = await this.service.models();
      const chosen = this.models.find((model) => model.default) ?? this.models[0];
      this.modelName = chosen?.name ?? "";
      this.samples = await this.service.samples();
    });
  }

  /** @param {string} name */
  chooseModel(name) {
    this.modelName = name;
    this.#changed();
  }

  /**
   * @param {Blob} bytes
   * @param {string} name
   */
  async open(bytes, name) {
    await this.#attempt(async () => this.#begin(await Picture.open(bytes, name)));
  }

  /** @param {Sample} sample */
  async openSample(sample) {
    await this.#attempt(async () => {
      const bytes = await this.service.sample(sample);
      this.#begin(await Picture.open(bytes, `${sample.name}.png`));
    });
  }

  /** @param {File} file */
  async useMask(file) {
    const { painter } = this;
    if (this.phase !== "painting" || !painter) return;
    await this.#attempt(async () => {
      const mask = await readMask(file, painter.mask);
      if (this.painter === painter) painter.replace(mask);
    });
  }

  async restore() {
    const { painter, picture, phase } = this;
    if (!painter || !picture || phase === "restoring" || !this.holeRatio) return;
    this.phase = "restoring";
    this.restoringSince = Date.now();
    const running = (this.#running = new AbortController());
    await this.#attempt(async () => {
      try {
        const mask = await writeMask(painter.mask);
        const { signal } = running;
        const answer = await this.service.restore(picture.bytes, mask, this.modelName, signal);
        const result = await Picture.open(answer.bytes, picture.nameOf(answer.bytes));
        if (signal.aborted) return result.close();
        this.#show({ opened: this.opened, picture, result });
        this.restored = { model: answer.model, seconds: answer.seconds };
        this.phase = "compared";
        this.isUnsaved = true;
      } finally {
        this.restoringSince = 0;
        // done, or another picture was opened meanwhile: then the phase is set already
        if (this.phase === "restoring") this.phase = phase;
      }
    });
  }

  /** Ends a restoration in progress. */
  cancel() {
    this.#running?.abort();
  }

  /** Goes on with the result as the picture, and no hole. */
  keepPainting() {
    if (this.phase !== "compared" || !this.result) return;
    const { opened, result } = this;
    this.#show({ opened, picture: result, result: null });
    this.#paint(result);
    this.#changed();
  }

  /** Goes back to the hole, before the restoration. */
  changeHole() {
    if (this.phase !== "compared") return;
    this.#show({ opened: this.opened, picture: this.picture, result: null });
    this.phase = "painting";
    this.#changed();
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
    this.#show({ opened: picture, picture, result: null });
    this.#paint(picture);
    this.isUnsaved = false;
  }

  /** @param {Picture} picture to paint on */
  #paint(picture) {
    const mask = new Mask(picture.width, picture.height);
    const last = this.painter;
    this.painter = new Painter(mask, this.onPaint, () => this.#edited());
    if (last) this.painter.tool = last.tool;
    if (last?.mask.pixels.length === mask.pixels.length) this.painter.brushSize = last.brushSize;
    this.holeRatio = 0;
    this.phase = "painting";
  }

  #edited() {
    this.holeRatio = this.painter?.mask.holeRatio ?? 0;
    this.isUnsaved = true;
    this.#changed();
  }

  /**
   * Replaces the pictures; those that are no longer held free their memory.
   * @param {{opened: Picture | null, picture: Picture | null, result: Picture | null}} pictures
   */
  #show(pictures) {
    const kept = new Set(Object.values(pictures));
    for (const old of new Set([this.opened, this.picture, this.result])) {
      if (!kept.has(old)) old?.close();
    }
    Object.assign(this, pictures);
  }

  /**
   * Does something that may fail in ways the person can mend.
   * @param {() => Promise<void>} action
   */
  async #attempt(action) {
    this.#changed();
    try {
      await action();
      this.#changed();
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return this.#changed();
      if (!(error instanceof Problem)) throw error;
      this.#changed(error);
    }
  }

  /** @param {Problem | null} [problem] */
  #changed(problem = null) {
    this.problem = problem;
    this.announce();
  }
}
