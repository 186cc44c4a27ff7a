/** What a restoration put into a hole: the only pixels of an answer that are shown. */

import { flip } from "./bits.js";
import { decode } from "./picture.js";
/** @import { Area } from "./mask.js" */

/** The pixels that were to be filled, one packed bit each. @typedef {{area: Area, bits: Uint8Array}} Hole */
/**
 * An answer of the service, and what is to be known of it. `bytes` are a picture file of the hole's
 * area alone, exact, in the picture's own mode; beside the hole it does not count.
 * @typedef {{bytes: Blob, model: string, seconds: number, remark: string}} Answer
 */

export class Fill {
  /**
   * @param {Answer} answer
   * @param {Hole} hole
   * @param {boolean} isAgain whether it is another answer for the hole of the fill before
   * @param {ImageBitmap} image of the hole's area, transparent beside the hole
   */
  constructor(answer, hole, isAgain, image) {
    this.answer = answer;
    this.hole = hole;
    this.isAgain = isAgain;
    this.image = image;
  }

  /**
   * @param {Answer} answer
   * @param {Hole} hole
   * @param {boolean} isAgain
   */
  static async of(answer, hole, isAgain) {
    const whole = await decode(answer.bytes, answer.model);
    const canvas = stencilOf(hole);
    const context = contextOf(canvas);
    context.globalCompositeOperation = "source-in";
    context.drawImage(whole, -hole.area.left, -hole.area.top);
    whole.close();
    return new Fill(answer, hole, isAgain, canvas.transferToImageBitmap());
  }

  /**
   * The same for another place in the history.
   * @param {boolean} isAgain
   */
  as(isAgain) {
    return new Fill(this.answer, this.hole, isAgain, this.image);
  }

  /** Bytes that it takes. */
  get memory() {
    return 4 * this.image.width * this.image.height + this.hole.bits.length;
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

/**
 * A canvas of the hole's area: black in the hole, else transparent.
 * @param {Hole} hole
 */
function stencilOf({ area, bits }) {
  const [width, height] = [area.right - area.left, area.bottom - area.top];
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
