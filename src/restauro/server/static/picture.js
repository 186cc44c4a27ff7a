/** A picture: the bytes of its file, which are what is sent, and how to show it. */

import { checkKind } from "./file_kind.js";
import { Problem } from "./problem.js";
/** @import { Fill } from "./fill.js" */
/** @import { Size } from "./mask.js" */

const EXTENSIONS = /** @type {Record<string, string>} */ ({
  "image/bmp": "bmp",
  "image/gif": "gif",
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/webp": "webp",
});

const SMALLEST_LEVEL = 1024; // pixels: below, browsers reduce well and quickly by themselves

/** A picture on show; upright, as its orientation tag says. */
export class Picture {
  /**
   * @param {Blob} bytes of the file
   * @param {string} name of the file
   * @param {ImageBitmap[]} levels the picture and its halves, for smooth and quick reduction
   * @param {string} [suggestion] address of a hole to try
   */
  constructor(bytes, name, levels, suggestion = "") {
    this.bytes = bytes;
    this.name = name;
    this.levels = levels;
    this.suggestion = suggestion;
    this.width = levels[0].width;
    this.height = levels[0].height;
  }

  /**
   * @param {Blob} bytes
   * @param {string} name
   * @throws {Problem} The browser cannot show it, or it is animated.
   */
  static async open(bytes, name, suggestion = "") {
    await checkKind(bytes, name);
    return new Picture(bytes, name, levelsOf(await decode(bytes, name)), suggestion);
  }

  /**
   * This picture with fills laid on it, one after another; every other pixel stays as it is.
   * @param {Fill[]} fills
   */
  filled(fills) {
    if (!fills.length) return this;
    const levels = levelsOf(this.drawn(fills).transferToImageBitmap());
    return new Picture(this.bytes, this.name, levels);
  }

  /** The same on a canvas. @param {Fill[]} fills */
  drawn(fills) {
    const context = contextOf(this);
    context.drawImage(this.levels[0], 0, 0);
    for (const fill of fills) fill.drawOn(context);
    return context.canvas;
  }

  /**
   * The smallest level that is at least as fine as a screen needs.
   * @param {number} scale device pixels for each picture pixel
   */
  levelFor(scale) {
    const fineEnough = this.levels.filter((level) => level.width >= scale * this.width);
    return fineEnough.at(-1) ?? this.levels[0];
  }

  /**
   * Name for the restored picture's file: another ending only for another format.
   * @param {Blob} result
   */
  nameRestored(result) {
    const ending = this.name.slice(this.#stem.length);
    const isAsBefore = ending && result.type === this.bytes.type;
    return `${this.#stem}_restored${isAsBefore ? ending : `.${EXTENSIONS[result.type] ?? "png"}`}`;
  }

  /** Name for the mask's file. */
  get nameOfMask() {
    return `${this.#stem}_mask.png`;
  }

  /** The file's name without its ending. */
  get #stem() {
    return this.name.replace(/(?<=.)\.[^.]*$/, "");
  }

  close() {
    for (const level of this.levels) level.close();
  }
}

/** A picture and its halves. @param {ImageBitmap} whole */
function levelsOf(whole) {
  const levels = [whole];
  for (let last = whole; Math.min(last.width, last.height) > SMALLEST_LEVEL; last = levels[0]) {
    const size = { width: Math.ceil(last.width / 2), height: Math.ceil(last.height / 2) };
    const half = contextOf(size);
    half.drawImage(last, 0, 0, size.width, size.height);
    levels.unshift(half.canvas.transferToImageBitmap());
  }
  return levels.reverse();
}

/** Something to draw on. @param {Size} size */
export function contextOf({ width, height }) {
  const canvas = new OffscreenCanvas(width, height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.imageSmoothingQuality = "high";
  return context;
}

/**
 * @param {Blob} bytes
 * @param {string} name
 * @throws {Problem} The browser cannot show it.
 */
export async function decode(bytes, name) {
  try {
    return await createImageBitmap(bytes);
  } catch {
    throw new Problem("not_a_picture", { name });
  }
}
