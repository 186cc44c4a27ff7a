/** A picture: the bytes of its file, which are what is sent and saved, and how to show them. */

import { Problem } from "./problem.js";

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
   */
  constructor(bytes, name, levels) {
    this.bytes = bytes;
    this.name = name;
    this.levels = levels;
    this.width = levels[0].width;
    this.height = levels[0].height;
  }

  /**
   * @param {Blob} bytes
   * @param {string} name
   * @throws {Problem} The browser cannot show it.
   */
  static async open(bytes, name) {
    const levels = [await decode(bytes, name)];
    for (let last = levels[0]; Math.min(last.width, last.height) > SMALLEST_LEVEL;) {
      last = await createImageBitmap(last, {
        resizeWidth: Math.ceil(last.width / 2),
        resizeHeight: Math.ceil(last.height / 2),
        resizeQuality: "high",
      });
      levels.push(last);
    }
    return new Picture(bytes, name, levels);
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
   * The file's name, with the ending of a result's format where that is another.
   * @param {Blob} result
   */
  nameOf(result) {
    if (result.type === this.bytes.type && this.name.includes(".")) return this.name;
    return `${this.#stem}.${EXTENSIONS[result.type] ?? "png"}`;
  }

  /** Name for the restored picture's file. */
  get nameRestored() {
    return `${this.#stem}_restored${this.name.slice(this.#stem.length)}`;
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
