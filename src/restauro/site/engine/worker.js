/**
 * Fills holes beside the page, so that painting never waits. Takes `Task`s, one after another, and
 * answers each with `Told`s; `{cancel: id}` ends one.
 */

import { coarseFirst } from "./coarse.js";
import { Damaged } from "./compose.js";
import { damageIn } from "./finder.js";
import { openFinder, openNetwork } from "./network.js";
import { FINDER, GPU, MODELS, RUNTIME } from "./offers.js";
import { paint } from "./restorer.js";
import { Box } from "./windows.js";
/** @import { Predict } from "./filling.js" */
/** @import { Runtime } from "./network.js" */
/** @import { Size } from "./windows.js" */

/**
 * A picture with a hole, of which `area` holds all; without `image` the model is only loaded, and
 * without `mask` its damage is looked for.
 * @typedef {{id: number, model: string, image?: ImageBitmap, mask?: Uint8Array, area?: Box}} Task
 */
/**
 * `usesGpu` comes with a model that is loaded.
 * @typedef {{id: number, usesGpu?: boolean, loaded?: number, total?: number, begun?: number | null, part?: Box, image?: ImageBitmap,
 *   isCoarse?: boolean, share?: number, damage?: Uint8Array, done?: Blob, seconds?: number, failed?: string}} Told
 */

const HERE = /** @type {any} */ (self);
const LARGE = `${new URL("../", import.meta.url)} large`; // where `offline.js` tidies up
/** @type {Map<string, Promise<any>>} */
const networks = new Map();
/** @type {Set<number>} */
const cancelled = new Set();
let last = Promise.resolve();
/** @type {Promise<Runtime> | null} */
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
    else {
      const usesGpu = (await runtime)?.provider === "webgpu";
      HERE.postMessage({ id, done: new Blob(), usesGpu });
    }
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
  const loading = load(card, onBytes);
  networks.set(card.name, loading);
  loading.catch(() => {
    networks.delete(card.name); // the next one tries again
    runtime = null;
  });
  return loading;
}

/**
 * A network; where the graphics card fails, it goes on without.
 * @param {typeof CARDS[number]} card
 * @param {(bytes: number) => void} onBytes
 */
async function load(card, onBytes) {
  const open = /** @type {(runtime: Runtime, bytes: Uint8Array) => Promise<any>} */ (
    card === FINDER ? openFinder : openNetwork
  );
  runtime ??= gpuOrNot(onBytes);
  let [own, bytes] = await Promise.all([runtime, unpacked(card.file, onBytes)]);
  /** @param {unknown} error @returns {Promise<any>} */
  const withoutGpu = async (error) => {
    if (own.provider === "wasm") throw error;
    gpuFailed(error);
    own = await (runtime = runtimeOf(RUNTIME, "wasm", onBytes));
    network = await open(own, bytes);
    return network;
  };
  let network = await open(own, bytes).catch(withoutGpu);
  return async (/** @type {any[]} */ ...window) => {
    try {
      return await network(...window);
    } catch (error) {
      return (await withoutGpu(error))(...window);
    }
  };
}

/** Tells the page, whatever it waits for. @param {unknown} error */
function gpuFailed(error) {
  HERE.postMessage({ hasGpuFailed: true });
  console.info(error);
}

/**
 * The runtime for the graphics card, if an earlier visit has loaded that (offline.js), or the other.
 * @param {(bytes: number) => void} onBytes
 */
async function gpuOrNot(onBytes) {
  const cache = HERE.navigator.gpu && (await HERE.caches?.open(LARGE));
  const files = [GPU.ort, GPU.paths, GPU.file].map((file) => cache?.match(urlOf(file)));
  if ((await Promise.all(files)).every(Boolean)) {
    try {
      return await runtimeOf(GPU, "webgpu", onBytes);
    } catch (error) {
      gpuFailed(error);
    }
  }
  return runtimeOf(RUNTIME, "wasm", onBytes);
}

/**
 * @param {typeof RUNTIME} files
 * @param {Runtime["provider"]} provider
 * @param {(bytes: number) => void} onBytes
 * @returns {Promise<Runtime>}
 */
async function runtimeOf({ ort: script, paths, file }, provider, onBytes) {
  const [ort, wasmBinary] = await Promise.all([import(urlOf(script)), unpacked(file, onBytes)]);
  const numThreads = HERE.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, 4) : 1;
  Object.assign(ort.env.wasm, { wasmBinary, wasmPaths: { mjs: urlOf(paths) }, numThreads });
  return { ort, provider };
}

/** @param {string} file of the site */
function urlOf(file) {
  return new URL(`../${file}`, import.meta.url).href;
}

/**
 * A compressed file of the site; kept in the browser, so that it is loaded once.
 * @param {string} file
 * @param {(bytes: number) => void} onBytes told of every piece that came
 */
async function unpacked(file, onBytes) {
  const url = urlOf(file);
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
