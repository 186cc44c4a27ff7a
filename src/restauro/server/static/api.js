/** The HTTP service of docs/service.md. Paths are relative: a proxy may add a prefix. */

import { readMask, writeHole } from "./mask_file.js";
import { Problem, isCancelled } from "./problem.js";

/**
 * What can restore a picture. `size` is [height, width].
 * @typedef {{name: string, kind: "network" | "classical" | "choice" | "other", domain: string,
 *   terms: string, version: string | null, size: [number, number] | null,
 *   parameters: number | null, several: boolean, default: boolean}} Model
 */
/** @typedef {{name: string, url: string, mask: string, credit: string}} Sample */
/** @import { Answer, Fill, Hole } from "./fill.js" */
/** @import { Area } from "./mask.js" */
/** @import { Picture } from "./picture.js" */

/**
 * What is to be filled: `picture` is as it was opened, `fills` lie on it, the oldest first, and
 * count as known.
 * @typedef {{picture: Picture, fills: Fill[], hole: Hole, model: string, seed: number}} Request
 */
/**
 * What is told while a hole is filled, in this order:
 *
 * - `queued`, again whenever it changes: the place in the queue from 1 on, or null outside of it;
 * - `begun`, once: how many seconds it may take, or null for a moment;
 * - `part`, for each area that has pixels: first one coarse answer for the whole hole, if it is
 *   large, then fine parts in its place. `image` is stretched over `area`; beside the hole it does
 *   not count. `share` of the hole, in [0, 1], is fine by now.
 *
 * That it is done is told by the promise.
 * @typedef {{kind: "queued", place: number | null}
 *   | {kind: "begun", seconds: number | null}
 *   | {kind: "part", area: Area, image: ImageBitmap, isCoarse: boolean, share: number}} Progress
 */

/** What restores pictures. A site without a server has another class with the same methods. */
export class Service {
  /** Asked for in the page when the service wants one; forgotten with the page. */
  token = "";

  /** @returns {Promise<Model[]>} */
  async models() {
    return (await (await this.#ask("v1/models")).json()).models;
  }

  /** @returns {Promise<Sample[]>} */
  async samples() {
    return (await this.#ask("v1/samples")).json();
  }

  /** The bytes of a sample picture, or of its hole. @param {string} url */
  async sample(url) {
    return (await this.#ask(relative(url))).blob();
  }

  /**
   * Fills a hole; waits for a place as long as it takes, or until the signal frees it.
   * @param {Request} request
   * @param {{signal: AbortSignal, onEvent: (event: Progress) => void}} options
   * @returns {Promise<Answer>}
   * @throws {Problem} It is refused, or fails.
   */
  async fill({ picture, fills, hole, model, seed }, { signal, onEvent }) {
    const body = await formOf(picture, fills);
    body.append("mask", await writeHole(hole, picture));
    body.append("model", model);
    if (seed) body.append("seed", String(seed));
    const answer = await this.#post("inpaint", body, "text/event-stream", signal, onEvent);
    return followed(answer, onEvent);
  }

  /**
   * The file of a picture with fills laid on it, in its own format where that can be written: the
   * only time that it is encoded.
   * @param {Picture} picture as it was opened
   * @param {Fill[]} fills the oldest first
   */
  async composite(picture, fills) {
    const { signal } = new AbortController();
    return (await this.#post("inpaint", await formOf(picture, fills), "image/*", signal)).blob();
  }

  /**
   * What looks damaged.
   * @param {Picture} picture as it was opened
   * @param {AbortSignal} signal
   */
  async damage(picture, signal) {
    const answer = await this.#post("mask", await formOf(picture, []), "image/png", signal);
    return (await readMask(await answer.blob(), picture)).mask;
  }

  /**
   * Asks for a picture, again while the service is full.
   * @param {string} path
   * @param {FormData} body
   * @param {string} Accept
   * @param {AbortSignal} signal
   * @param {(event: Progress) => void} [onEvent]
   */
  async #post(path, body, Accept, signal, onEvent = () => {}) {
    for (;;) {
      try {
        return await this.#ask(`v1/${path}`, { method: "POST", body, signal }, { Accept });
      } catch (error) {
        if (!isBusy(error)) throw error;
        onEvent({ kind: "queued", place: null });
        await this.#place(error.values.seconds, signal);
      }
    }
  }

  /**
   * Waits until the service has a place. A full one refuses before it reads the body, so one letter
   * tells as much as a whole picture: any other refusal means that there is a place.
   * @param {string | number} seconds from one question to the next
   * @param {AbortSignal} signal
   */
  async #place(seconds, signal) {
    for (;;) {
      await pause(Number(seconds), signal);
      try {
        await this.#ask("v1/inpaint", { method: "POST", body: "?", signal });
      } catch (error) {
        if (!isBusy(error)) return signal.throwIfAborted();
      }
    }
  }

  /**
   * @param {string} path
   * @param {RequestInit} [options]
   * @param {Record<string, string>} [headers]
   */
  async #ask(path, options = {}, headers = {}) {
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    const answer = await unlessBroken(fetch(path, { headers, ...options }));
    if (!answer.ok) throw await problemOf(answer);
    return answer;
  }
}

/** @param {string} url */
export function relative(url) {
  return url.replace(/^\//, "");
}

/**
 * @param {unknown} error
 * @returns {error is Problem}
 */
function isBusy(error) {
  return error instanceof Problem && error.key === "service_busy";
}

/** @param {Response} answer */
async function problemOf(answer) {
  const seconds = Number(answer.headers.get("Retry-After")) || 1;
  const { error } = await answer.json().catch(() => ({ error: null }));
  const key = error ? `service_${error.code}` : "refused";
  return new Problem(key, { status: answer.status, seconds }, error?.message);
}

/**
 * The fields of a picture and of what lies on it already.
 * @param {Picture} picture
 * @param {Fill[]} fills
 */
async function formOf(picture, fills) {
  const body = new FormData();
  body.append("image", picture.bytes);
  for (const { answer, hole } of fills) {
    body.append("patch", answer.bytes);
    body.append("patch_mask", await writeHole(hole));
    body.append("patch_at", `${hole.area.left},${hole.area.top}`);
  }
  return body;
}

/**
 * Tells the events of an answer in steps, up to the last.
 * @param {Response} answer
 * @param {(event: Progress) => void} onEvent
 * @returns {Promise<Answer>}
 */
async function followed(answer, onEvent) {
  for await (const { kind, data } of eventsIn(answer)) {
    if (kind === "queued" || kind === "begun") onEvent({ kind, ...data });
    if (kind === "part") {
      const [left, top, right, bottom] = data.box;
      const image = await createImageBitmap(fromBase64(data.image));
      const { coarse: isCoarse, share } = data;
      onEvent({ kind, area: { left, top, right, bottom }, image, isCoarse, share });
    }
    if (kind === "error") throw new Problem(`service_${data.code}`, {}, data.message);
    if (kind === "done") {
      const { model, remark, seconds } = data;
      const trust = data.trust && fromBase64(data.trust);
      const { decode, inpaint, encode } = seconds;
      const bytes = fromBase64(data.image);
      return { bytes, model, remark, trust, seconds: decode + inpaint + encode };
    }
  }
  throw new Problem("no_answer");
}

/** Server-sent events: a name and JSON. @param {Response} answer */
async function* eventsIn({ body }) {
  if (!body) return;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await unlessBroken(reader.read());
    if (done) return;
    const searched = Math.max(text.length - 1, 0);
    text += value;
    for (let from = searched, end; (end = text.indexOf("\n\n", from)) >= 0; from = 0) {
      const [kind, data] = text.slice(0, end).split("\ndata: ");
      yield { kind: kind.replace("event: ", ""), data: JSON.parse(data) };
      text = text.slice(end + 2);
    }
  }
}

/** @param {string} text */
function fromBase64(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: "image/png" });
}

/**
 * @template Given
 * @param {Promise<Given>} given by the network
 * @throws {Problem} It breaks.
 */
async function unlessBroken(given) {
  try {
    return await given;
  } catch (error) {
    if (isCancelled(error)) throw error;
    throw new Problem("no_answer");
  }
}

/**
 * @param {number} seconds
 * @param {AbortSignal} signal ends the pause with an error
 */
function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    setTimeout(resolve, 1000 * seconds);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}
