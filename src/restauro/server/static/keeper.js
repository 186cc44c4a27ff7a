/** Keeps the session in this browser (IndexedDB), so that it survives a reload. */

import { Fill } from "./fill.js";
/** @import { Answer, Hole } from "./fill.js" */
/** @import { Step } from "./history.js" */
/** @import { Work } from "./work.js" */

/** @typedef {Omit<Step, "fill"> & {answer?: Answer, hole?: Hole, isAgain?: boolean}} KeptStep */
/**
 * `last` is the id of the last step in force, 0 if none is.
 * @typedef {{bytes: Blob, name: string, suggestion: string, steps: KeptStep[], last: number,
 *   isUnsaved: boolean}} Kept
 */

const NAME = "restauro";
const PATIENCE = 2000; // milliseconds: a page that is being reloaded lets go within these

export class Keeper {
  /** Whether all of the session is kept. */
  hasAll = false;
  /** What is being kept, and the steps of it that are. @type {Work | null} */
  #work = null;
  /** @type {Set<number>} */
  #ids = new Set();
  #isOwner = owns();
  /** The last writing. */
  #written = Promise.resolve();

  /** @param {() => void} onKept told when all is kept */
  constructor(onKept) {
    this.onKept = onKept;
  }

  /** What an earlier page kept. @returns {Promise<Kept | null>} */
  async read() {
    if (!(await this.#isOwner)) return null;
    try {
      const [session, steps] = await stores("readonly");
      const [picture, state, kept] = await Promise.all([
        done(session.get("picture")),
        done(session.get("state")),
        done(steps.getAll()),
      ]);
      return picture && state ? { ...picture, ...state, steps: kept } : null;
    } catch {
      return null; // storage may be forbidden; then the session lasts as long as the page
    }
  }

  /**
   * Takes a session for kept as it was read.
   * @param {Work | null} work
   * @param {Kept} kept
   */
  adopt(work, { steps }) {
    this.#work = work;
    this.#ids = new Set(steps.map(({ id }) => id));
  }

  /** Keeps a session, or forgets it. @param {Work | null} work @param {boolean} isUnsaved */
  async keep(work, isUnsaved) {
    this.hasAll = false;
    if (!(await this.#isOwner)) return;
    const writing = (this.#written = this.#written.then(() => this.#write(work, isUnsaved)));
    try {
      await writing;
      if (writing !== this.#written) return;
      this.hasAll = true;
      this.onKept();
    } catch {
      this.#written = Promise.resolve(); // there is no room; leaving the page then asks
      this.#work = null;
    }
  }

  /** @param {Work | null} work @param {boolean} isUnsaved */
  async #write(work, isUnsaved) {
    const [session, steps] = await stores("readwrite");
    const written = done(session.transaction);
    if (work !== this.#work) {
      session.clear();
      steps.clear();
      this.#ids.clear();
      if (work) {
        const { bytes, name, suggestion } = work.opened;
        session.put({ bytes, name, suggestion }, "picture");
      }
    }
    this.#work = work;
    if (work) {
      const { history } = work;
      session.put({ last: history.last?.id ?? 0, isUnsaved }, "state");
      const ids = new Set(history.steps.map(({ id }) => id));
      const oldest = history.steps[0]?.id ?? 0; // the forgotten ones before it are still in force
      for (const id of this.#ids) {
        if (ids.has(id) || id < oldest) continue;
        steps.delete(id);
        this.#ids.delete(id);
      }
      for (const step of history.steps) {
        if (!this.#ids.has(step.id)) steps.put(record(step), step.id);
        this.#ids.add(step.id);
      }
    }
    await written;
  }
}

/** The step that was kept. @param {KeptStep} kept */
export async function stepOf({ answer, hole, isAgain, ...step }) {
  return { ...step, fill: answer && hole ? await Fill.of(answer, hole, Boolean(isAgain)) : null };
}

/** @param {Step} step */
function record({ id, kind, flips, fill }) {
  return { id, kind, flips, answer: fill?.answer, hole: fill?.hole, isAgain: fill?.isAgain };
}

/** Only one page keeps its session: the first, until it is closed. @returns {Promise<boolean>} */
function owns() {
  if (!navigator.locks) return Promise.resolve(true); // on hosts without encryption
  return new Promise((resolve) => {
    const whileOpen = () => {
      resolve(true);
      return new Promise(() => {});
    };
    const signal = AbortSignal.timeout(PATIENCE);
    navigator.locks.request(NAME, { signal }, whileOpen).catch(() => resolve(false));
  });
}

/** The stores `session` and `steps` in a transaction. @param {IDBTransactionMode} mode */
async function stores(mode) {
  const opening = indexedDB.open(NAME, 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore("session");
    opening.result.createObjectStore("steps");
  };
  const database = await done(opening);
  const transaction = database.transaction(["session", "steps"], mode);
  transaction.addEventListener("complete", () => database.close());
  return [transaction.objectStore("session"), transaction.objectStore("steps")];
}

/** The result of a request or transaction. @param {any} request @returns {Promise<any>} */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = request.oncomplete = () => resolve(request.result);
    request.onerror = request.onabort = () => reject(request.error);
  });
}
