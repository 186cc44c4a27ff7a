/** Masks packed to one bit a pixel, for steps of the history and PNG files. */

/** @import { Area } from "./mask.js" */

/**
 * Packs an area of a mask, the leftmost pixel in the highest bit; each row starts a new byte.
 * @param {Uint8Array} pixels of the whole mask, 0 or 1
 * @param {number} width of the whole mask
 * @param {Area} area
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function pack(pixels, width, area) {
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
 * The pixels of an area in which two masks differ, packed as `pack` does; null if there are none.
 * @param {Uint8Array} before pixels of a whole mask, 0 or 1
 * @param {Uint8Array} after
 * @param {number} width of the whole masks
 * @param {Area} area
 * @returns {Uint8Array<ArrayBuffer> | null}
 */
export function difference(before, after, width, area) {
  const rowBytes = bytesPerRow(area);
  let bits = null;
  for (let y = area.top, start = 0; y < area.bottom; y++, start += rowBytes) {
    const row = y * width + area.left;
    for (let x = 0; x < area.right - area.left; x++) {
      if (before[row + x] === after[row + x]) continue;
      bits ??= new Uint8Array(rowBytes * (area.bottom - area.top));
      bits[start + (x >> 3)] |= 1 << (7 - (x & 7));
    }
  }
  return bits;
}

/**
 * Flips the pixels of an area whose packed bit is set.
 * @param {Uint8Array} pixels of the whole mask, changed in place
 * @param {number} width of the whole mask
 * @param {Area} area
 * @param {Uint8Array} bits as `pack` gives them
 * @returns {number} how many more pixels are 1 than before
 */
export function flip(pixels, width, area, bits) {
  const rowBytes = bytesPerRow(area);
  let gained = 0;
  for (let y = area.top, start = 0; y < area.bottom; y++, start += rowBytes) {
    const row = y * width + area.left;
    for (let x = 0; x < area.right - area.left; x++) {
      if (!((bits[start + (x >> 3)] >> (7 - (x & 7))) & 1)) continue;
      gained += 1 - 2 * pixels[row + x];
      pixels[row + x] ^= 1;
    }
  }
  return gained;
}

/** @param {Area} area */
export function bytesPerRow(area) {
  return Math.ceil((area.right - area.left) / 8);
}
