/** What a restoration put into a hole: the only pixels of an answer that are shown. */

import { flip, pack } from "./bits.js";
import { Mask, sizeOf } from "./mask.js";
import { readMask } from "./mask_file.js";
import { contextOf, decode } from "./picture.js";
/** @import { Area, Size } from "./mask.js" */

/** Pixels to be filled, a packed bit each. @typedef {{area: Area, bits: Uint8Array}} Hole */
/**
 * `bytes` are a picture file of the hole's area alone; beside the hole it does not count. `trust` is
 * a mask file of what of it can be trusted, if the model tells.
 * @typedef {{bytes: Blob, model: string, seconds: number, remark: string, trust?: Blob | null}}
 *   Answer
 */

export class Fill {
  /**
   * @param {Answer} answer
   * @param {Hole} hole
   * @param {boolean} isAgain whether the fill before it has the same hole
   * @param {ImageBitmap} image of the hole's area, transparent beside the hole
   * @param {Hole | null} trusted what of it can be trusted, if that is known
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
    const context = stencilOf(hole);
    context.globalCompositeOperation = "source-in";
    context.drawImage(patch, 0, 0);
    patch.close();
    const { area } = hole;
    let trusted = null;
    if (answer.trust) {
      const { mask } = await readMask(answer.trust, sizeOf(area));
      trusted = { area, bits: pack(mask, mask.whole) };
    }
    return new Fill(answer, hole, isAgain, context.canvas.transferToImageBitmap(), trusted);
  }

  /** The same for another place in the history. @param {boolean} isAgain */
  as(isAgain) {
    return new Fill(this.answer, this.hole, isAgain, this.image, this.trusted);
  }

  get memory() {
    return 4 * this.image.width * this.image.height + 2 * this.hole.bits.length;
  }

  /**
   * Puts the fill in its place.
   * @param {OffscreenCanvasRenderingContext2D} context of the whole picture
   */
  drawOn(context) {
    const { left, top } = this.hole.area;
    context.globalCompositeOperation = "destination-out"; // what is filled may be transparent
    context.drawImage(stencilOf(this.hole).canvas, left, top);
    context.globalCompositeOperation = "source-over";
    context.drawImage(this.image, left, top);
  }
}

/** What a hole has got so far, to be shown until its fill is there. */
export class Draft {
  /** Whether the stage has drawn what was added last. */
  isShown = false;
  #context;
  #stencil;

  /**
   * @param {Size} size of the picture
   * @param {Hole} hole
   */
  constructor(size, hole) {
    this.area = hole.area;
    this.mask = Mask.of(size, [hole]);
    this.#stencil = stencilOf(hole).canvas;
    this.#context = contextOf(this.#stencil);
    this.canvas = this.#context.canvas;
  }

  /**
   * Lays a part over what was there.
   * @param {Area} area
   * @param {ImageBitmap} image
   */
  add(area, image) {
    const { width, height } = sizeOf(area);
    const context = this.#context;
    context.globalCompositeOperation = "source-over";
    context.drawImage(image, area.left - this.area.left, area.top - this.area.top, width, height);
    context.globalCompositeOperation = "destination-in";
    context.drawImage(this.#stencil, 0, 0);
    image.close();
    this.isShown = false;
  }
}

/** The hole's area: black in the hole, else transparent. @param {Hole} hole */
function stencilOf({ area, bits }) {
  const { width, height } = sizeOf(area);
  const mask = new Mask(width, height);
  const { pixels, whole } = mask;
  flip(mask, { area: whole, bits });
  const data = new ImageData(width, height);
  for (let i = 0; i < pixels.length; i++) data.data[4 * i + 3] = 255 * pixels[i];
  const context = contextOf(data);
  context.putImageData(data, 0, 0);
  return context;
}
