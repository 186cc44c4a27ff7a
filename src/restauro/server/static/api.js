/** The HTTP service, as docs/service.md describes it. Paths are relative: a proxy may add a prefix. */

import { Problem } from "./problem.js";

/**
 * What can restore a picture. `size` is [height, width].
 * @typedef {{name: string, kind: "network" | "classical" | "choice" | "other", domain: string,
 *   terms: string, version: string | null, size: [number, number] | null,
 *   parameters: number | null, default: boolean}} Model
 */
/** @typedef {{name: string, url: string, credit: string}} Sample */
/** @import { Answer, Fill, Hole } from "./fill.js" */
/** @import { Area } from "./mask.js" */
/** @import { Picture } from "./picture.js" */

/**
 * What is to be filled: `picture` is as it was opened, `fills` lie on it, the oldest first, and
 * count as known.
 * @typedef {{picture: Picture, fills: Fill[], hole: Hole, model: string}} Request
 */
/**
 * What is told while a hole is filled, in this order:
 *
 * - `queued`, again whenever it changes: the place in the queue from 1 on, or null outside of it;
 * - `begun`, once: how many seconds it may take, or null for a moment;
 * - `part`, for each area that has pixels: first one coarse answer for the whole hole, if it is
 *   large, then fine parts in its place. `image` has the size of `area`; beside the hole it does not
 *   count. `share` of the hole, in [0, 1], is fine by now.
 *
 * That it is done is told by the promise.
 * @typedef {{kind: "queued", place: number | null}
 *   | {kind: "begun", seconds: number | null}
 *   | {kind: "part", area: Area, image: ImageBitmap, isCoarse: boolean, share: number}} Progress
 */

/**
 * What restores pictures. A site without a server has another class with the same methods, but for
 * `token`; the page knows no more of either.
 */
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

  /**
   * The bytes of a sample picture.
   * @param {Sample} sample
   */
  async sample(sample) {
    return (await this.#ask(relative(sample.url))).blob();
  }

  /**
   * Fills the hole of a picture; waits for a full service as long as it takes.
   * @param {Blob} image
   * @param {Blob} mask white = hole
   * @param {string} model
   * @param {AbortSignal} signal
   * @param {(isWaiting: boolean) => void} onWait told when waiting begins and ends
   * @returns {Promise<Answer>}
   * @throws {Problem} The service refuses, or does not answer.
   */
  async restore(image, mask, model, signal, onWait) {
    const body = new FormData();
    body.append("image", image);
    body.append("mask", mask);
    body.append("model", model);
    for (;;) {
      try {
        const answer = await this.#ask("v1/inpaint", { method: "POST", body, signal });
        const said = (/** @type {string} */ name) =>
          decodeURIComponent(answer.headers.get(`X-Restauro-${name}`) ?? "");
        return {
          bytes: await answer.blob(),
          model: said("Model") || model,
          seconds: secondsOf(answer.headers.get("Server-Timing") ?? ""),
          remark: said("Remark"),
        };
      } catch (error) {
        if (!isBusy(error)) throw error;
        onWait(true);
        await this.#place(error.values.seconds, signal);
        onWait(false);
      }
    }
  }

  /**
   * Fills a hole; waits for a place as long as it takes.
   * @param {Request} request
   * @param {{signal: AbortSignal, onEvent: (event: Progress) => void}} options the signal ends it
   *   with an `AbortError`, and what computes is free at once
   * @returns {Promise<Answer>}
   * @throws {Problem} It is refused, or fails.
   */
  async fill(request, { signal, onEvent }) {
    throw new Problem("no_answer", { model: request.model }); // the service comes next
  }

  /**
   * The file of a picture with fills laid on it, in its own format where that can be written: the
   * only time that it is encoded.
   * @param {Picture} picture as it was opened
   * @param {Fill[]} fills the oldest first
   * @returns {Promise<Blob>}
   * @throws {Problem}
   */
  async composite(picture, fills) {
    throw new Problem("no_answer"); // the service comes next
  }

  /**
   * Waits until the service has a place. A full service refuses before it reads a body, so a body
   * of one letter tells as much as a whole picture: any other refusal means that there is a place.
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
   */
  async #ask(path, options = {}) {
    const headers = this.token ? { Authorization: `Bearer ${this.token}` } : undefined;
    let answer;
    try {
      answer = await fetch(path, { headers, ...options });
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw new Problem("no_answer");
    }
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
 * The sum of what a Server-Timing header reports.
 * @param {string} header such as `decode;dur=1.5, inpaint;dur=20`, in milliseconds
 */
function secondsOf(header) {
  const steps = [...header.matchAll(/dur=([\d.]+)/g)];
  return steps.reduce((sum, [, milliseconds]) => sum + Number(milliseconds) / 1000, 0);
}

/**
 * @param {number} seconds
 * @param {AbortSignal} signal ends the pause with an error
 */
function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
