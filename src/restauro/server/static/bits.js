/** Masks packed to one bit a pixel, for undo steps and PNG files. */

/** @import { Area } from "./mask.js" */

/**
 * Packs an area of a mask, the leftmost pixel in the highest bit; each row starts a new byte.
 * @param {Uint8Array} pixels of the whole mask, 0 or 1
 * @param {number} width of the whole mask
 * @param {Area} area
 * @returns {Uint8Array}
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
 * Flips the pixels of an area whose packed bit is set.
 * @param {Uint8Array} pixels of the whole mask, changed in place
 * @param {number} width of the whole mask
 * @param {Area} area
 * @param {Uint8Array} bits as `pack` gives them
 */
export function flip(pixels, width, area, bits) {
  const rowBytes = bytesPerRow(area);
  for (let y = area.top, start = 0; y < area.bottom; y++, start += rowBytes) {
    const row = y * width + area.left;
    for (let x = 0; x < area.right - area.left; x++) {
      pixels[row + x] ^= (bits[start + (x >> 3)] >> (7 - (x & 7))) & 1;
    }
  }
}

/** @param {Area} area */
export function bytesPerRow(area) {
  return Math.ceil((area.right - area.left) / 8);
}
