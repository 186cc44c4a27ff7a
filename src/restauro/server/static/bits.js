/** Masks packed to one bit a pixel, for steps of the history and PNG files. */

/** @import { Hole } from "./fill.js" */
/** @import { Area, Mask } from "./mask.js" */

/**
 * Packs an area of a mask, the leftmost pixel in the highest bit; each row starts a new byte.
 * @param {Mask} mask
 * @param {Area} area
 */
export function pack({ pixels, width }, area) {
  const rowBytes = bytesPerRow(area);
  const bits = new Uint8Array(rowBytes * (area.bottom - area.top));
  for (let y = area.top, start = 0; y < area.bottom; y++, start += rowBytes) {
    const row = y * width + area.left;
    for (let x = 0; x < area.right - area.left; x++) {
      bits[start + (x >> 3)] |= pixels[row + x] << (7 - (x & 7));
    }
  }
  return bits;
}

/**
 * Makes an area of one mask like that of another. Gives the pixels that were flipped, packed as
 * `pack` does, null if there are none, and how many more are 1 than before.
 * @param {Mask} mask changed in place
 * @param {Mask} model
 * @param {Area} area
 */
export function follow({ pixels, width }, model, { left, top, right, bottom }) {
  const rowBytes = bytesPerRow({ left, top, right, bottom });
  let bits = null;
  let gained = 0;
  for (let y = top, start = 0; y < bottom; y++, start += rowBytes) {
    const end = y * width + right;
    for (let i = y * width + left, x = 0; i < end; i++, x++) {
      const value = model.pixels[i];
      if (pixels[i] === value) continue;
      bits ??= new Uint8Array(rowBytes * (bottom - top));
      bits[start + (x >> 3)] |= 128 >> (x & 7);
      gained += value - pixels[i];
      pixels[i] = value;
    }
  }
  return { bits, gained };
}

/**
 * Changes the pixels whose packed bit is set.
 * @param {Mask} mask changed in place
 * @param {Hole} hole
 * @param {0 | 1 | null} [value] that they get; null flips them
 * @returns {number} how many more pixels are 1 than before
 */
export function flip({ pixels, width }, { area, bits }, value = null) {
  const rowBytes = bytesPerRow(area);
  let gained = 0;
  for (let y = area.top, start = 0; y < area.bottom; y++, start += rowBytes) {
    const end = y * width + area.right;
    for (let i = y * width + area.left, x = 0; i < end; i++, x++) {
      if (!(bits[start + (x >> 3)] & (128 >> (x & 7)))) continue;
      const next = value ?? 1 - pixels[i];
      gained += next - pixels[i];
      pixels[i] = next;
    }
  }
  return gained;
}

/** @param {Area} area */
export function bytesPerRow(area) {
  return Math.ceil((area.right - area.left) / 8);
}
