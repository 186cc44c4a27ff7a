/** Tells a file that a browser shows wrongly or not at all. */

import { Problem } from "./problem.js";

/**
 * @param {Blob} file
 * @param {string} name
 * @throws {Problem} It is a TIFF, or holds several pictures.
 */
export async function checkKind(file, name) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const start = String.fromCharCode(...bytes.subarray(0, 12));
  if (/^(II\*\0|MM\0\*|II\+\0|MM\0\+)/.test(start)) throw new Problem("is_tiff", { name });
  const kinds = { GIF8: "gif", "\x89PNG": "png", RIFF: "webp", ftypavi: "avif" };
  const kind = Object.entries(kinds).find(([mark]) => start.includes(mark))?.[1];
  if (kind && (await countFrames(bytes, `image/${kind}`)) > 1) {
    throw new Problem("is_animated", { name });
  }
}

/**
 * @param {Uint8Array<ArrayBuffer>} data
 * @param {string} type
 * @returns {Promise<number>} 1 where the browser cannot tell; then the service does
 */
async function countFrames(data, type) {
  if (!("ImageDecoder" in globalThis)) return 1;
  const decoder = new ImageDecoder({ data, type });
  try {
    await decoder.completed;
    return decoder.tracks.selectedTrack?.frameCount ?? 1;
  } catch {
    return 1; // no picture, as will be said
  } finally {
    decoder.close();
  }
}
