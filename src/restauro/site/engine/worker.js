/**
 * Fills holes beside the page, so that painting never waits. Takes `Task`s, one after another, and
 * answers each with `Told`s; `{cancel: id}` ends one.
 */

import { coarseFirst } from "./coarse.js";
import { Damaged } from "./compose.js";
import { damageIn } from "./finder.js";
import { openFinder, openNetwork } from "./network.js";
import { FINDER, MODELS, RUNTIME } from "./offers.js";
import { paint } from "./restorer.js";
import { Box } from "./windows.js";
/** @import { Predict } from "./filling.js" */
/** @import { Size } from "./windows.js" */

/**
 * A picture with a hole, of which `area` holds all; without `image` the model is only loaded, and
 * without `mask` its damage is looked for.
 * @typedef {{id: number, model: string, image?: ImageBitmap, mask?: Uint8Array, area?: Box}} Task
 */
/**
 * @typedef {{id: number, loaded?: number, total?: number, begun?: number | null, part?: Box, image?: ImageBitmap,
 *   isCoarse?: boolean, share?: number, damage?: Uint8Array, done?: Blob, seconds?: number, failed?: string}} Told
 */

const HERE = /** @type {any} */ (self);
const LARGE = `${new URL("../", import.meta.url)} large`; // where `offline.js` tidies up
/** @type {Map<string, Promise<any>>} */
const networks = new Map();
/** @type {Set<number>} */
const cancelled = new Set();
let last = Promise.resolve();
/** onnxruntime-web and what it runs on. @type {Promise<[any, Uint8Array]> | null} */
let runtime = null;
/** @type {{name: string, size: Size, multiple: number | null, file: string, bytes: number}[]} */
const CARDS = [...MODELS, FINDER];

HERE.onmessage = (/** @type {MessageEvent} */ { data }) => {
  if (data.cancel) cancelled.add(data.cancel);
  else last = last.then(() => answer(data));
};

/** @param {Task} task */
async function answer(task) {
  const { id } = task;
  let failed = "service_offline";
  try {
    const network = await networkOf(task);
    failed = "service_model_failed";
    if (task.mask) await restore(task, network);
    else if (task.image) await find(task, network);
    else HERE.postMessage({ id, done: new Blob() });
  } catch (error) {
    if (cancelled.delete(id)) return;
    HERE.postMessage({ id, failed });
    console.info(error);
  }
}

/**
 * @param {Task} task
 * @param {Predict} predict
 */
async function restore({ id, model, image, mask, area }, predict) {
  const started = performance.now();
  const card = CARDS.find(({ name }) => name === model);
  if (!image || !mask || !area || !card) return;
  const context = contextOf(image.width, image.height);
  context.drawImage(image, 0, 0);
  const shown = context.getImageData(0, 0, image.width, image.height);
  const picture = new Damaged([image.height, image.width], shown.data, mask);
  image.close();
  const asked = async (/** @type {Parameters<Predict>} */ ...window) => {
    await new Promise((resolve) => setTimeout(resolve)); // lets a cancellation come in
    if (cancelled.has(id)) throw new Error("cancelled");
    return predict(...window);
  };
  const tell = async (/** @type {Box} */ part, /** @type {ImageData} */ data, share = 0, isCoarse = false) => {
    const options = isCoarse && { resizeWidth: part.width, resizeHeight: part.height };
    const bitmap = await createImageBitmap(data, options || {});
    HERE.postMessage({ id, part: { ...part }, image: bitmap, share, isCoarse }, [bitmap]);
  };
  const begun = await coarseFirst(picture, card, asked, tell);
  HERE.postMessage({ id, begun });
  const count = picture.count();
  let filled = 0;
  picture.onPaint = (box) => {
    filled += picture.count(box);
    context.putImageData(shown, 0, 0, box.left, box.top, box.width, box.height);
    void tell(box, context.getImageData(box.left, box.top, box.width, box.height), filled / count);
  };
  await paint(picture, card, asked);
  context.putImageData(shown, 0, 0);
  const answer = contextOf(area.right - area.left, area.bottom - area.top);
  answer.drawImage(context.canvas, -area.left, -area.top);
  const done = await answer.canvas.convertToBlob({ type: "image/png" });
  HERE.postMessage({ id, done, seconds: (performance.now() - started) / 1000 });
}

/**
 * @param {Task} task
 * @param {Parameters<typeof damageIn>[2]} likelihoods
 */
async function find({ id, image }, likelihoods) {
  if (!image) return;
  const context = contextOf(image.width, image.height);
  context.drawImage(image, 0, 0);
  image.close();
  const damage = await damageIn(context, FINDER.multiple, (...window) => {
    if (cancelled.has(id)) throw new Error("cancelled");
    return likelihoods(...window);
  });
  HERE.postMessage({ id, damage, done: new Blob() }, [damage.buffer]);
}

/**
 * Loads a model once, and before the first one what computes it.
 * @param {Task} task
 */
function networkOf({ id, model }) {
  const card = CARDS.find(({ name }) => name === model) ?? CARDS[0];
  const known = networks.get(card.name);
  if (known) return known;
  let loaded = 0;
  const total = card.bytes + (runtime ? 0 : RUNTIME.bytes);
  const onBytes = (/** @type {number} */ bytes) => {
    HERE.postMessage({ id, total, loaded: (loaded += bytes) });
  };
  runtime ??= Promise.all([import(inRuntime("ort.js")), unpacked(RUNTIME.file, onBytes)]);
  const loading = Promise.all([runtime, unpacked(card.file, onBytes)]).then(
    ([[ort, wasmBinary], bytes]) => {
      const numThreads = HERE.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, 4) : 1;
      const wasmPaths = { mjs: inRuntime("ort-wasm.js") };
      Object.assign(ort.env.wasm, { wasmBinary, wasmPaths, numThreads });
      const open = /** @type {(ort: any, bytes: Uint8Array) => Promise<any>} */ (
        card === FINDER ? openFinder : openNetwork
      );
      return open(ort, bytes);
    },
  );
  networks.set(card.name, loading);
  loading.catch(() => {
    networks.delete(card.name); // the next one tries again
    runtime = null;
  });
  return loading;
}

/** @param {string} name */
function inRuntime(name) {
  return new URL(`../runtime/${name}`, import.meta.url).href;
}

/**
 * A compressed file of the site; kept in the browser, so that it is loaded once.
 * @param {string} file
 * @param {(bytes: number) => void} onBytes told of every piece that came
 */
async function unpacked(file, onBytes) {
  const url = new URL(`../${file}`, import.meta.url);
  const cache = await HERE.caches?.open(LARGE); // not on hosts without encryption
  const known = await cache?.match(url);
  const answer = known ?? (await fetch(url));
  if (!answer.ok || !answer.body) throw new Error(`${file}: status ${answer.status}`);
  const kept = known ? null : cache?.put(url, answer.clone());
  const counted = new TransformStream({
    transform(piece, controller) {
      onBytes(piece.length);
      controller.enqueue(piece);
    },
  });
  const bytes = answer.body.pipeThrough(counted).pipeThrough(new DecompressionStream("gzip"));
  const whole = new Uint8Array(await new Response(bytes).arrayBuffer());
  await kept?.catch(() => {}); // there may be no room; then it is loaded again next time
  return whole;
}

/**
 * @param {number} width
 * @param {number} height
 */
function contextOf(width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return /** @type {OffscreenCanvasRenderingContext2D} */ (context);
}
