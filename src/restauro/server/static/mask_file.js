/** Masks as files: read by the rules of the command line, written as PNG of one bit a pixel. */

import { bytesPerRow } from "./bits.js";
import { Mask, sizeOf } from "./mask.js";
import { contextOf, decode } from "./picture.js";
import { Problem } from "./problem.js";
/** @import { Hole } from "./fill.js" */
/** @import { Size } from "./mask.js" */

const HALF = 127;
const SOFT_FROM = 32; // darker ones are noise of a JPEG
const MIN_SOFT = 8;

/**
 * The mask of a picture file: transparent pixels are the hole if there are any, otherwise what is
 * bright. `numSoft` tells how many grey pixels beside it make its edge soft.
 * @param {Blob} file
 * @param {Size} size that it must have
 * @param {string} [name]
 * @throws {Problem} The file is no picture, has another size, or may mean two things.
 */
export async function readMask(file, size, name = "") {
  const bitmap = await decode(file, name);
  const { width, height } = bitmap;
  if (width !== size.width || height !== size.height) {
    bitmap.close();
    throw new Problem("other_mask_size", {
      mask: `${width}×${height}`,
      picture: `${size.width}×${size.height}`,
    });
  }
  const context = contextOf(bitmap);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return holeOf(context.getImageData(0, 0, width, height).data, width, height);
}

/**
 * A PNG in which white is the hole: of its area, or of a whole picture.
 * @param {Hole} hole
 * @param {Size} [picture]
 */
export async function writeHole({ area, bits }, picture) {
  const { left, top } = picture ? area : { left: 0, top: 0 };
  const { width, height } = picture ?? sizeOf(area);
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 1); // bits a pixel; the other bytes are 0: grey, deflate, no interlacing
  const ownBytes = bytesPerRow(area);
  const rowBytes = Math.ceil(width / 8) + 1; // each row after its filter, 0 for none
  const rows = new Uint8Array(rowBytes * height);
  const shift = left & 7;
  for (let i = 0; i < bits.length; i++) {
    const at = (top + Math.floor(i / ownBytes)) * rowBytes + 1 + (left >> 3) + (i % ownBytes);
    rows[at] |= bits[i] >> shift;
    const rest = (bits[i] << (8 - shift)) & 0xff;
    if (rest) rows[at + 1] |= rest;
  }
  const signature = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [
    signature,
    chunk("IHDR", new Uint8Array(header.buffer)),
    chunk("IDAT", await deflated(rows)),
    chunk("IEND", new Uint8Array()),
  ];
  return new Blob(parts, { type: "image/png" });
}

/**
 * @param {Uint8ClampedArray} rgba
 * @param {number} width
 * @param {number} height
 */
function holeOf(rgba, width, height) {
  const levels = new Uint8Array(width * height); // of grey
  const transparent = new Uint8Array(width * height);
  const counts = new Uint32Array(256);
  let isAllOpaqueWhite = true;
  for (let i = 0, at = 0; i < levels.length; i++, at += 4) {
    levels[i] = Math.round((299 * rgba[at] + 587 * rgba[at + 1] + 114 * rgba[at + 2]) / 1000);
    counts[levels[i]]++;
    transparent[i] = Number(rgba[at + 3] < 128);
    if (!transparent[i] && levels[i] < 255) isAllOpaqueWhite = false;
  }
  if (!transparent.includes(1)) return holeOfLevels(levels, counts, width, height);
  if (isAllOpaqueWhite && transparent.includes(0)) throw new Problem("mask_white_on_transparent");
  return { mask: new Mask(width, height, transparent), numSoft: 0 };
}

/**
 * What is brighter than half, or, of two levels of which one is 0, the other.
 * @param {Uint8Array} levels in 0 to 255, made a mask in place
 * @param {Uint32Array} counts of each level
 * @param {number} width
 * @param {number} height
 */
function holeOfLevels(levels, counts, width, height) {
  const used = [...counts.keys()].filter((level) => counts[level]);
  const isLabelled = used.length < 2 || (used.length === 2 && used[0] === 0);
  if (!isLabelled && used[used.length - 1] <= HALF) throw new Problem("mask_dark");
  const threshold = isLabelled ? 0 : HALF;
  const sum = (/** @type {Uint32Array} */ some) => some.reduce((total, count) => total + count, 0);
  const numSoft = isLabelled ? 0 : sum(counts.subarray(SOFT_FROM, HALF + 1));
  const isSoft = numSoft >= Math.max(MIN_SOFT, sum(counts.subarray(threshold + 1)) / 500);
  for (let i = 0; i < levels.length; i++) levels[i] = Number(levels[i] > threshold);
  return { mask: new Mask(width, height, levels), numSoft: isSoft ? numSoft : 0 };
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function deflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * @param {string} kind four letters
 * @param {Uint8Array} data
 */
function chunk(kind, data) {
  const bytes = new Uint8Array(12 + data.length);
  const fields = new DataView(bytes.buffer);
  fields.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(kind), 4);
  bytes.set(data, 8);
  fields.setUint32(8 + data.length, checksum(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

/** CRC-32 as PNG defines it. @param {Uint8Array} bytes */
function checksum(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
