/** The HTTP service, as docs/service.md describes it. Paths are relative: a proxy may add a prefix. */

import { Problem } from "./problem.js";

const MAX_TRIES = 60; // a full service asks to come again in a second

/**
 * What can restore a picture. `size` is [height, width].
 * @typedef {{name: string, kind: "network" | "classical" | "choice" | "other", domain: string,
 *   terms: string, version: string | null, size: [number, number] | null,
 *   parameters: number | null, default: boolean}} Model
 */
/** @typedef {{name: string, url: string, credit: string}} Sample */
/** @typedef {{bytes: Blob, model: string, seconds: number}} Restored */

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
   * Fills the hole of a picture.
   * @param {Blob} image
   * @param {Blob} mask white = hole
   * @param {string} model
   * @param {AbortSignal} signal
   * @returns {Promise<Restored>}
   * @throws {Problem} The service refuses, or does not answer.
   */
  async restore(image, mask, model, signal) {
    const body = new FormData();
    body.append("image", image);
    body.append("mask", mask);
    if (model) body.append("model", model);
    for (let tries = 1; ; tries++) {
      try {
        const answer = await this.#ask("v1/inpaint", { method: "POST", body, signal });
        return {
          bytes: await answer.blob(),
          model: decodeURIComponent(answer.headers.get("X-Restauro-Model") ?? model),
          seconds: secondsOf(answer.headers.get("Server-Timing") ?? ""),
        };
      } catch (error) {
        const isBusy = error instanceof Problem && error.key === "service_busy";
        if (!isBusy || tries === MAX_TRIES) throw error;
        await pause(Number(error.values.seconds), signal);
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
