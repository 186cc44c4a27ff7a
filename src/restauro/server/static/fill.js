/** What a restoration put into a hole: the only pixels of an answer that are shown. */

import { flip, pack } from "./bits.js";
import { Mask, sizeOf } from "./mask.js";
import { readMask } from "./mask_file.js";
import { decode } from "./picture.js";
/** @import { Area } from "./mask.js" */

/** The pixels that were to be filled, one packed bit each. @typedef {{area: Area, bits: Uint8Array}} Hole */
/**
 * An answer of the service, and what is to be known of it. `bytes` are a picture file of the hole's
 * area alone, exact, in the picture's own mode; beside the hole it does not count. `trust` is a mask
 * file of the same area: what of the fill can be trusted, if the model tells.
 * @typedef {{bytes: Blob, model: string, seconds: number, remark: string, trust?: Blob | null}} Answer
 */

export class Fill {
  /**
   * @param {Answer} answer
   * @param {Hole} hole
   * @param {boolean} isAgain whether it is another answer for the hole of the fill before
   * @param {ImageBitmap} image of the hole's area, transparent beside the hole
   * @param {Hole | null} trusted the part of the hole that can be trusted; null if that is not known
   */
  constructor(answer, hole, isAgain, image, trusted) {
    this.answer = answer;
    this.hole = hole;
    this.isAgain = isAgain;
    this.image = image;
    this.trusted = trusted;
  }

  /**
   * @param {Answer} answer
   * @param {Hole} hole
   * @param {boolean} isAgain
   */
  static async of(answer, hole, isAgain) {
    const patch = await decode(answer.bytes, answer.model);
    const canvas = stencilOf(hole);
    const context = contextOf(canvas);
    context.globalCompositeOperation = "source-in";
    context.drawImage(patch, 0, 0);
    patch.close();
    const { area } = hole;
    let trusted = null;
    if (answer.trust) {
      const { pixels, width, whole } = (await readMask(answer.trust, sizeOf(area))).mask;
      trusted = { area, bits: pack(pixels, width, whole) };
    }
    return new Fill(answer, hole, isAgain, canvas.transferToImageBitmap(), trusted);
  }

  /**
   * The same for another place in the history.
   * @param {boolean} isAgain
   */
  as(isAgain) {
    return new Fill(this.answer, this.hole, isAgain, this.image, this.trusted);
  }

  /** Bytes that it takes. */
  get memory() {
    return 4 * this.image.width * this.image.height + 2 * this.hole.bits.length;
  }

  /**
   * Puts the fill in the place of what a canvas of the whole picture has in the hole.
   * @param {OffscreenCanvas} canvas
   */
  drawOn(canvas) {
    const { left, top } = this.hole.area;
    const context = contextOf(canvas);
    context.globalCompositeOperation = "destination-out"; // what is filled may be transparent
    context.drawImage(stencilOf(this.hole), left, top);
    context.globalCompositeOperation = "source-over";
    context.drawImage(this.image, left, top);
  }
}

/** What a hole has got so far, to be shown until its fill is there. */
export class Draft {
  /** Whether the stage has drawn what was added last. */
  isShown = false;
  #stencil;

  /**
   * @param {{width: number, height: number}} size of the picture
   * @param {Hole} hole
   */
  constructor(size, hole) {
    this.area = hole.area;
    this.mask = Mask.of(size, [hole]);
    this.#stencil = stencilOf(hole);
    this.canvas = new OffscreenCanvas(this.#stencil.width, this.#stencil.height);
  }

  /**
   * Lays a part over what was there.
   * @param {Area} area
   * @param {ImageBitmap} image
   */
  add(area, image) {
    const { width, height } = sizeOf(area);
    const context = contextOf(this.canvas);
    context.globalCompositeOperation = "source-over";
    context.imageSmoothingQuality = "high";
    context.drawImage(image, area.left - this.area.left, area.top - this.area.top, width, height);
    context.globalCompositeOperation = "destination-in";
    context.drawImage(this.#stencil, 0, 0);
    image.close();
    this.isShown = false;
  }
}

/**
 * A canvas of the hole's area: black in the hole, else transparent.
 * @param {Hole} hole
 */
function stencilOf({ area, bits }) {
  const { width, height } = sizeOf(area);
  const isHole = new Uint8Array(width * height);
  flip(isHole, width, { left: 0, top: 0, right: width, bottom: height }, bits);
  const data = new ImageData(width, height);
  for (let i = 0; i < isHole.length; i++) data.data[4 * i + 3] = 255 * isHole[i];
  const canvas = new OffscreenCanvas(width, height);
  contextOf(canvas).putImageData(data, 0, 0);
  return canvas;
}

/** @param {OffscreenCanvas} canvas */
function contextOf(canvas) {
  return /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
}
