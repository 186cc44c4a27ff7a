/** Tells by its first bytes a file that a browser shows wrongly or not at all. */

import { Problem } from "./problem.js";

/**
 * @param {Blob} file
 * @param {string} name
 * @throws {Problem} It is a TIFF, or holds several pictures.
 */
export async function checkKind(file, name) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const start = latin(bytes, 0, 64);
  if (/^(II\*\0|MM\0\*|II\+\0|MM\0\+)/.test(start)) throw new Problem("is_tiff", { name });
  const isAnimated =
    (start.startsWith("GIF8") && hasTwoFrames(bytes)) ||
    (start.startsWith("\x89PNG") && isAnimatedPng(bytes)) ||
    (/^RIFF....WEBPVP8X/s.test(start) && (bytes[20] & 2) !== 0) ||
    start.slice(4, 12) === "ftypavis";
  if (isAnimated) throw new Problem("is_animated", { name });
}

/** @param {Uint8Array} bytes */
function isAnimatedPng(bytes) {
  const fields = new DataView(bytes.buffer);
  for (let at = 8; at + 8 <= bytes.length; at += 12 + fields.getUint32(at)) {
    const kind = latin(bytes, at + 4, at + 8);
    if (kind === "acTL" || kind === "IDAT") return kind === "acTL";
  }
  return false;
}

/** Whether a GIF has more than one picture. @param {Uint8Array} bytes */
function hasTwoFrames(bytes) {
  const tableAt = (/** @type {number} */ packed) => (packed & 0x80 ? 3 << ((packed & 7) + 1) : 0);
  let frames = 0;
  let at = 13 + tableAt(bytes[10]);
  while (at < bytes.length && bytes[at] !== 0x3b) {
    if (bytes[at] === 0x2c && ++frames > 1) return true;
    // a picture has its header, its colours and one byte before its blocks, an extension its kind
    at += bytes[at] === 0x2c ? 11 + tableAt(bytes[at + 9]) : 2;
    while (bytes[at]) at += bytes[at] + 1;
    at++;
  }
  return false;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} from
 * @param {number} to
 */
function latin(bytes, from, to) {
  return String.fromCharCode(...bytes.subarray(from, to));
}
