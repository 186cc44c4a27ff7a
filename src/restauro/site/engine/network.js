/** The networks of model files, those that fill and the one that finds damage, on onnxruntime-web. */

import { hide } from "./canvas.js";
/** @import { Size } from "./windows.js" */

/** onnxruntime-web, and on what it runs. @typedef {{ort: any, provider: "wasm" | "webgpu"}} Runtime */

/**
 * `Network` of `fill/restorer.py`.
 * @param {Runtime} runtime
 * @param {Uint8Array} bytes of the model file
 */
export async function openNetwork({ ort, provider }, bytes) {
  const session = await opened(ort, provider, bytes);

  /**
   * The prediction (3, h, w) in [0, 1] for an image of a size the model takes.
   * @param {Float32Array} image
   * @param {Uint8Array} known
   * @param {Size} size
   * @returns {Promise<Float32Array>}
   */
  return async function predict(image, known, size) {
    const visible = image.slice();
    hide(visible, known);
    const holes = Float32Array.from(known, (isKnown) => 1 - isKnown);
    const { prediction } = await session.run({
      image: new ort.Tensor("float32", visible, [1, 3, ...size]),
      mask: new ort.Tensor("float32", holes, [1, 1, ...size]),
    });
    return prediction.data.map((/** @type {number} */ value) => Math.min(Math.max(value, 0), 1));
  };
}

/**
 * The likelihoods (kinds, h, w) in [0, 1] of damage in an image (3, h, w) of a size the model takes.
 * @param {Runtime} runtime
 * @param {Uint8Array} bytes of the model file
 */
export async function openFinder({ ort, provider }, bytes) {
  const session = await opened(ort, provider, bytes);
  const [name] = session.outputNames;

  /**
   * @param {Float32Array} image
   * @param {Size} size
   * @returns {Promise<Float32Array>}
   */
  return async function likelihoods(image, size) {
    const found = await session.run({ image: new ort.Tensor("float32", image, [1, 3, ...size]) });
    return found[name].data;
  };
}

/** @param {any} ort @param {string} provider @param {Uint8Array} bytes */
function opened(ort, provider, bytes) {
  const logSeverityLevel = 3; // no warning that a graphics card leaves shapes to the processor
  return ort.InferenceSession.create(bytes, { executionProviders: [provider], logSeverityLevel });
}
