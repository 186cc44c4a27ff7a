/**
 * Draws the picture, the hole over it, and the comparison. Everything is drawn at the resolution
 * of the screen, and only what changed, so that large pictures stay fluid.
 */

import { union } from "./mask.js";
import { View } from "./view.js";
/** @import { Draft } from "./fill.js" */
/** @import { Area, Mask } from "./mask.js" */
/** @import { Picture } from "./picture.js" */

const MAX_PIXEL_RATIO = 2; // finer is not seen while painting, and costs
const BESIDE = 16; // CSS pixels between the divider and the hole that it starts beside
const SMOOTH_BELOW = 6; // scale from which single pixels are worth seeing

/**
 * The hole is drawn as restorers fill a lacuna, with fine vertical lines (*rigatino*): it shows on
 * any picture, and the picture shows through. Colours are 0xAABBGGRR, as canvases store them.
 */
const PAINTED = { period: 5, line: 0xe63c12c8, film: 0x803c12c8, edge: 0xffffffff };
const INVENTED = { period: 6, line: 0xb03c12c8, film: 0, edge: 0xd0ffffff };
const UNSURE = { period: 6, line: 0xd03c12c8, film: 0x803c12c8, edge: 0x803c12c8 };

const CHECK = 8; // CSS pixels of a square under what is transparent
const CHECK_COLOURS = ["#ffffff", "#c8c8cc"];

export class Stage {
  view = new View();
  /** @type {Picture | null} */
  picture = null;
  /** Shown left of the divider while comparing. @type {Picture | null} */
  before = null;
  /** Where the divider is, in [0, 1] of what is seen of the picture. */
  divider = 0.5;
  /** The hole that is drawn; none if null. @type {Mask | null} */
  painted = null;
  /** What is marked as invented, right of the divider; nothing if null. @type {Mask | null} */
  invented = null;
  /** What of that is not to be trusted; not known if null. @type {Mask | null} */
  unsure = null;

  /** What a hole has got so far; its hole is not drawn. @type {Draft | null} */
  draft = null;

  #pixelRatio = 1;
  #isPictureStale = false;
  /** What of the hole must be drawn again, in picture pixels. @type {Area | null} */
  #staleHole = null;
  #isScheduled = false;

  /**
   * @param {HTMLElement} element that the canvases fill
   * @param {HTMLCanvasElement} pictureCanvas
   * @param {HTMLCanvasElement} holeCanvas
   * @param {() => void} onDraw told after the view may have changed, to place what lies over it
   */
  constructor(element, pictureCanvas, holeCanvas, onDraw) {
    this.canvases = [pictureCanvas, holeCanvas];
    const [onPicture, onHole] = this.canvases.map((canvas) => canvas.getContext("2d"));
    this.onPicture = /** @type {CanvasRenderingContext2D} */ (onPicture);
    this.onHole = /** @type {CanvasRenderingContext2D} */ (onHole);
    this.onDraw = onDraw;
    new ResizeObserver(([{ contentRect }]) => this.#resize(contentRect)).observe(element);
  }

  /** Draws everything again, with the next frame. */
  refresh() {
    this.#isPictureStale = true;
    this.#staleHole = (this.painted ?? this.invented)?.whole ?? null;
    this.#schedule();
  }

  /**
   * Draws the hole again where it changed, with the next frame.
   * @param {Area} area
   */
  refreshHole(area) {
    this.#staleHole = union(this.#staleHole, area);
    this.#schedule();
  }

  /** Where the divider is, in CSS pixels from the left. */
  get dividerPosition() {
    const { left, right } = this.view.visibleColumns;
    return left + this.divider * (right - left);
  }

  /** @param {number} position in CSS pixels from the left */
  set dividerPosition(position) {
    const { left, right } = this.view.visibleColumns;
    this.divider = Math.min(Math.max((position - left) / (right - left), 0), 1);
  }

  /**
   * Puts the divider to the left of an area, so that all of it shows *after*.
   * @param {Area} area in picture pixels
   */
  divideBeside({ left, top }) {
    this.dividerPosition = this.view.toStage(left, top).x - BESIDE;
  }

  /** @param {{width: number, height: number}} size */
  #resize({ width, height }) {
    if (!width || !height) return;
    this.#pixelRatio = Math.min(window.devicePixelRatio, MAX_PIXEL_RATIO);
    for (const canvas of this.canvases) {
      canvas.width = Math.round(width * this.#pixelRatio);
      canvas.height = Math.round(height * this.#pixelRatio);
    }
    this.view.resize(width, height);
    this.refresh();
  }

  #schedule() {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    requestAnimationFrame(() => {
      this.#isScheduled = false;
      if (this.#isPictureStale) this.#drawPictures();
      this.#drawHole();
      this.onDraw();
      this.#isPictureStale = false;
      this.#staleHole = null;
    });
  }

  #drawPictures() {
    const { width, height } = this.canvases[0];
    this.onPicture.clearRect(0, 0, width, height);
    if (this.before) this.#drawPicture(this.before);
    if (!this.picture) return;
    this.onPicture.save();
    if (this.before) {
      this.onPicture.beginPath();
      this.onPicture.rect(this.dividerPosition * this.#pixelRatio, 0, width, height);
      this.onPicture.clip();
    }
    this.#drawPicture(this.picture);
    if (this.draft) this.#drawDraft(this.draft);
    this.onPicture.restore();
  }

  /** @param {Picture} picture */
  #drawPicture(picture) {
    const { left, top, scale } = this.view;
    const box = [left, top, picture.width * scale, picture.height * scale];
    const [x, y, width, height] = box.map((length) => length * this.#pixelRatio);
    this.onPicture.imageSmoothingEnabled = scale < SMOOTH_BELOW;
    this.onPicture.imageSmoothingQuality = "high";
    const level = picture.levelFor(scale * this.#pixelRatio);
    this.onPicture.fillStyle = this.#checks();
    this.onPicture.fillRect(x, y, width, height);
    this.onPicture.drawImage(level, x, y, width, height);
  }

  /** @param {Draft} draft */
  #drawDraft({ area, canvas }) {
    const { x, y } = this.view.toStage(area.left, area.top);
    const scale = this.view.scale;
    const box = [x, y, canvas.width * scale, canvas.height * scale];
    const [left, top, width, height] = box.map((length) => length * this.#pixelRatio);
    this.onPicture.drawImage(canvas, left, top, width, height);
  }

  /** What is seen through a transparent picture. */
  #checks() {
    const length = Math.round(CHECK * this.#pixelRatio);
    const tile = new OffscreenCanvas(2 * length, 2 * length);
    const onTile = /** @type {OffscreenCanvasRenderingContext2D} */ (tile.getContext("2d"));
    CHECK_COLOURS.forEach((colour, i) => {
      onTile.fillStyle = colour;
      onTile.fillRect(i * length, 0, length, length);
      onTile.fillRect((1 - i) * length, length, length, length);
    });
    return /** @type {CanvasPattern} */ (this.onPicture.createPattern(tile, "repeat"));
  }

  #drawHole() {
    if (this.#isPictureStale) {
      this.onHole.clearRect(0, 0, this.onHole.canvas.width, this.onHole.canvas.height);
    }
    if (!this.#staleHole) return;
    const { left, top, right, bottom } = this.#onScreen(this.#staleHole);
    if (left >= right || top >= bottom) return;
    const drawing = this.onHole.createImageData(right - left, bottom - top);
    const pixels = new Uint32Array(drawing.data.buffer);
    const divider = this.before ? Math.round(this.dividerPosition * this.#pixelRatio) : 0;
    const window = { left, top, right, bottom };
    if (this.invented) this.#rasterise(pixels, this.invented, INVENTED, window, divider);
    if (this.unsure) this.#rasterise(pixels, this.unsure, UNSURE, window, divider);
    if (this.painted) this.#rasterise(pixels, this.painted, PAINTED, window, 0);
    this.onHole.putImageData(drawing, left, top);
  }

  /**
   * Draws a mask into a window of the screen, in device pixels.
   * @param {Uint32Array} drawing row by row, transparent or drawn on
   * @param {Mask} mask
   * @param {typeof PAINTED} style
   * @param {Area} window
   * @param {number} start first column that is drawn
   */
  #rasterise(drawing, { pixels, width, height }, style, { left, top, right, bottom }, start) {
    const period = Math.round(style.period * this.#pixelRatio);
    const lineWidth = Math.round(this.#pixelRatio);
    const { view } = this;
    const columns = this.#sources(left - 1, right + 1, view.left, width);
    const rows = this.#sources(top - 1, bottom + 1, view.top, height);
    const filled = style === PAINTED ? this.draft?.mask.pixels : null;
    const isHole = (/** @type {number} */ row, /** @type {number} */ column) =>
      row >= 0 &&
      column >= 0 &&
      pixels[row * width + column] === 1 &&
      !filled?.[row * width + column];
    for (let y = 1, at = 0; y < rows.length - 1; y++) {
      for (let x = 1; x < columns.length - 1; x++, at++) {
        if (left + x <= start || !isHole(rows[y], columns[x])) continue;
        const isEdge = !(
          isHole(rows[y], columns[x - 1]) &&
          isHole(rows[y], columns[x + 1]) &&
          isHole(rows[y - 1], columns[x]) &&
          isHole(rows[y + 1], columns[x])
        );
        const isLine = (left + x) % period < lineWidth;
        drawing[at] = isEdge ? style.edge : isLine ? style.line : style.film;
      }
    }
  }

  /**
   * The picture's column (or row) at each of the screen's, -1 beside the picture.
   * @param {number} start in device pixels
   * @param {number} end
   * @param {number} offset of the picture, in CSS pixels
   * @param {number} length of the picture
   */
  #sources(start, end, offset, length) {
    const sources = new Int32Array(end - start).fill(-1);
    for (let i = 0; i < sources.length; i++) {
      const source = Math.floor(((start + i + 0.5) / this.#pixelRatio - offset) / this.view.scale);
      if (source >= 0 && source < length) sources[i] = source;
    }
    return sources;
  }

  /**
   * An area of the picture in device pixels, with a rim for edges that moved.
   * @param {Area} area
   * @returns {Area}
   */
  #onScreen(area) {
    const { width, height } = this.onHole.canvas;
    const start = this.view.toStage(area.left, area.top);
    const end = this.view.toStage(area.right, area.bottom);
    return {
      left: Math.max(Math.floor(start.x * this.#pixelRatio) - 2, 0),
      top: Math.max(Math.floor(start.y * this.#pixelRatio) - 2, 0),
      right: Math.min(Math.ceil(end.x * this.#pixelRatio) + 2, width),
      bottom: Math.min(Math.ceil(end.y * this.#pixelRatio) + 2, height),
    };
  }
}
