/** Masks as files: read by the rules of the command line, written as PNG of one bit a pixel. */

import { bytesPerRow, pack } from "./bits.js";
import { Mask } from "./mask.js";
import { decode } from "./picture.js";
import { Problem } from "./problem.js";

const SOFT_FROM = 32; // darker ones are noise of a JPEG
const MIN_SOFT = 8;

/**
 * The mask of a picture file: transparent pixels are the hole if there are any, otherwise pixels
 * with a luminance above 127. `numSoft` tells how many grey pixels beside it make its edge soft.
 * @param {File} file
 * @param {{width: number, height: number}} size that the mask must have
 * @throws {Problem} The file is no picture, has another size, or is white on transparent.
 */
export async function readMask(file, size) {
  const bitmap = await decode(file, file.name);
  const { width, height } = bitmap;
  if (width !== size.width || height !== size.height) {
    bitmap.close();
    throw new Problem("other_mask_size", {
      mask: `${width}×${height}`,
      picture: `${size.width}×${size.height}`,
    });
  }
  const canvas = new OffscreenCanvas(width, height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return holeOf(context.getImageData(0, 0, width, height).data, width, height);
}

/**
 * A PNG in which white is the hole.
 * @param {Mask} mask
 */
export async function writeMask(mask) {
  const { width, height } = mask;
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 1); // bits a pixel; the other bytes are 0: grey, deflate, no interlacing
  const rowBytes = bytesPerRow(mask.whole);
  const bits = pack(mask.pixels, width, mask.whole);
  const rows = new Uint8Array((rowBytes + 1) * height); // each row after its filter, 0 for none
  for (let y = 0; y < height; y++) {
    rows.set(bits.subarray(y * rowBytes, (y + 1) * rowBytes), y * (rowBytes + 1) + 1);
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
  const bright = new Uint8Array(width * height);
  const transparent = new Uint8Array(width * height);
  let isAllOpaqueWhite = true;
  let numBright = 0;
  let numSoft = 0;
  for (let i = 0, at = 0; i < bright.length; i++, at += 4) {
    const luminance = (299 * rgba[at] + 587 * rgba[at + 1] + 114 * rgba[at + 2]) / 1000;
    bright[i] = Number(luminance >= 127.5);
    numBright += bright[i];
    if (!bright[i] && luminance >= SOFT_FROM) numSoft++;
    transparent[i] = Number(rgba[at + 3] < 128);
    if (!transparent[i] && luminance < 255) isAllOpaqueWhite = false;
  }
  if (!transparent.includes(1)) {
    const isSoft = numSoft >= Math.max(MIN_SOFT, numBright / 500);
    return { mask: new Mask(width, height, bright), numSoft: isSoft ? numSoft : 0 };
  }
  if (isAllOpaqueWhite && transparent.includes(0)) throw new Problem("mask_white_on_transparent");
  return { mask: new Mask(width, height, transparent), numSoft: 0 };
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

/**
 * CRC-32 as PNG defines it.
 * @param {Uint8Array} bytes
 */
function checksum(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
