/** The network of a model file: `Network` of `fill/restorer.py`, on onnxruntime-web. */

import { hide } from "./canvas.js";
/** @import { Size } from "./windows.js" */

/**
 * @param {any} ort onnxruntime-web
 * @param {Uint8Array} bytes of the model file
 */
export async function openNetwork(ort, bytes) {
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });

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
