/**
 * What fills holes on a site without a server: a worker beside the page, in the place of the service
 * and with its methods (static/engine.js).
 */

import { FINDER, MODELS, SAMPLES } from "../engine/offers.js";
import { element, input, text } from "./interface.js";
import { Mask } from "./mask.js";
import { Problem } from "./problem.js";
/** @import { Model, Progress, Request, Sample } from "./api.js" */
/** @import { Answer, Fill } from "./fill.js" */
/** @import { Picture } from "./picture.js" */
/** @import { Task, Told } from "../engine/worker.js" */

/** Pictures stay on the person's machine. */
export const isHere = true;

const STORED = "restauro.gpu"; // what was chosen
const QUALITY = 0.95; // of JPEG and WebP
const WRITTEN = ["image/jpeg", "image/webp"]; // beside PNG

export class Engine {
  token = "";
  /** @type {Worker | null} */
  #worker = null;
  #number = 0;
  /** Who waits for answers. @type {Map<number, (told: Told) => void>} */
  #waiting = new Map();
  /** Models that are loaded, or on their way. @type {Set<string>} */
  #loaded = new Set();

  constructor() {
    void navigator.serviceWorker?.register(new URL("../offline.js", import.meta.url));
  }

  /** @returns {Promise<Model[]>} */
  async models() {
    return MODELS;
  }

  /** @returns {Promise<Sample[]>} */
  async samples() {
    return SAMPLES;
  }

  /** @param {string} url of a sample, or of its hole */
  async sample(url) {
    const answer = await fetch(url).catch(() => null);
    if (!answer?.ok) throw new Problem("service_offline");
    return answer.blob();
  }

  /**
   * Loads a model, so that a restoration need not wait for it.
   * @param {string} model
   */
  prepare(model) {
    if (this.#loaded.has(model)) return;
    this.#loaded.add(model);
    this.#ask({ model }).then(
      ({ usesGpu }) => offerGpu(Boolean(usesGpu)),
      () => this.#loaded.delete(model),
    );
  }

  /**
   * Fills a hole.
   * @param {Request} request
   * @param {{signal: AbortSignal, onEvent: (event: Progress) => void}} options
   * @returns {Promise<Answer>}
   */
  async fill({ picture, fills, hole, model }, { signal, onEvent }) {
    const mask = Mask.of(picture, [hole]).pixels;
    if (!mask.includes(0)) throw new Problem("service_mask_full");
    const image = picture.drawn(fills).transferToImageBitmap();
    const { area } = hole;
    const { done, seconds = 0 } = await this.#ask(
      { model, image, mask, area: /** @type {any} */ (area) },
      signal,
      ({ begun, part, image, isCoarse = false, share = 0 }) => {
        if (begun !== undefined) onEvent({ kind: "begun", seconds: begun });
        if (part && image) onEvent({ kind: "part", area: part, image, isCoarse, share });
      },
    );
    return { bytes: done ?? new Blob(), model, seconds, remark: "" };
  }

  /**
   * What looks damaged.
   * @param {Picture} picture as it was opened
   * @param {AbortSignal} signal
   */
  async damage(picture, signal) {
    const image = picture.drawn([]).transferToImageBitmap();
    const { damage } = await this.#ask({ model: FINDER.name, image }, signal);
    const mask = new Mask(picture.width, picture.height, damage);
    mask.grow(FINDER.softEdge);
    return mask;
  }

  /**
   * The file of a picture with fills laid on it, in its own format if this browser writes it.
   * @param {Picture} picture
   * @param {Fill[]} fills
   */
  async composite(picture, fills) {
    const type = WRITTEN.find((one) => one === picture.bytes.type) ?? "image/png";
    return picture.drawn(fills).convertToBlob({ type, quality: QUALITY });
  }

  /**
   * @param {Omit<Task, "id">} task
   * @param {AbortSignal} [signal]
   * @param {(told: Told) => void} [onTold]
   * @returns {Promise<Told>}
   */
  #ask(task, signal, onTold) {
    const id = ++this.#number;
    if (!this.#worker) {
      const url = new URL("../engine/worker.js", import.meta.url);
      this.#worker = new Worker(url, { type: "module" });
      this.#worker.onmessage = ({ data }) => {
        this.#waiting.get(data.id)?.(data);
        if (data.hasGpuFailed) giveUpGpu();
      };
    }
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      const end = () => this.#waiting.delete(id);
      signal?.addEventListener("abort", () => {
        end();
        worker.postMessage({ cancel: id });
        reject(signal.reason);
      });
      this.#waiting.set(id, (told) => {
        showLoading(told);
        onTold?.(told);
        if (!told.done && !told.failed) return;
        end();
        if (told.done) resolve(told);
        else reject(new Problem(told.failed ?? ""));
      });
      worker.postMessage({ id, ...task }, task.image ? [task.image] : []);
    });
  }
}

/** Says how much of a model has come. @param {Told} told */
function showLoading({ loaded = 0, total = 0 }) {
  const percent = Math.floor((100 * loaded) / total);
  element("loading").textContent = loaded < total ? text("loading", { percent }) : "";
}

/** The graphics card is not tried again, unless the person wants that. */
function giveUpGpu() {
  localStorage.setItem(STORED, "no");
  void offerGpu(false);
}

/**
 * Where there is a graphics card, has what computes on it loaded for the next start, unless the
 * person does not want that, or wants to save data.
 * @param {boolean} isUsed whether it is used already
 */
async function offerGpu(isUsed) {
  const { gpu, connection, serviceWorker } = /** @type {any} */ (navigator);
  const adapter = serviceWorker && (await gpu?.requestAdapter());
  if (!adapter || adapter.info.isFallbackAdapter) return; // which is slower than the engine
  const [box, said] = [input("gpu"), element("gpu-said")];
  const chosen = localStorage.getItem(STORED) ?? (connection?.saveData ? "no" : "yes");
  box.checked = chosen === "yes";
  said.dataset.text = isUsed ? "gpu_used" : "gpu_next";
  said.textContent = text(said.dataset.text);
  element("gpu-line").hidden = false;
  const tell = async () => (await serviceWorker.ready).active?.postMessage({ gpu: box.checked });
  box.onchange = () => {
    localStorage.setItem(STORED, box.checked ? "yes" : "no");
    void tell();
  };
  await tell();
}
