/**
 * Draws picture, hole and comparison, at the resolution of the screen, and only what changed: so
 * large pictures stay fluid.
 */

import { sizeOf, union } from "./mask.js";
import { contextOf } from "./picture.js";
import { View } from "./view.js";
/** @import { Derived } from "./derived.js" */
/** @import { Area, Mask, Size } from "./mask.js" */
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
  /** Where the divider is, in [0, 1] of what is seen of the picture. */
  divider = 0.5;
  /** What is drawn. @type {Partial<Derived>} */
  #shown = {};
  #pixelRatio = 1;
  #isPictureStale = false;
  /** What of the hole must be drawn again, in picture pixels. @type {Area | null} */
  #staleHole = null;
  #isScheduled = false;

  /**
   * @param {HTMLElement} element with a canvas for the picture and one for the hole
   * @param {() => void} onDraw told after the view may have changed, to place what lies over it
   */
  constructor(element, onDraw) {
    this.element = element;
    this.canvases = [...element.querySelectorAll("canvas")];
    const [onPicture, onHole] = this.canvases.map((canvas) => canvas.getContext("2d"));
    this.onPicture = /** @type {CanvasRenderingContext2D} */ (onPicture);
    this.onHole = /** @type {CanvasRenderingContext2D} */ (onHole);
    this.onDraw = onDraw;
    new ResizeObserver(([{ contentRect }]) => this.#resize(contentRect)).observe(element);
  }

  /** Draws what has become another. @param {Derived} derived */
  show(derived) {
    const { draft, work } = derived;
    const last = this.#shown;
    this.#shown = derived;
    if (work && this.view.picture !== work.opened) {
      this.view.picture = work.opened;
      this.view.fit();
    }
    const parts = /** @type {const} */ (["picture", "before", "painted", "invented", "draft"]);
    const isOther = parts.some((part) => derived[part] !== last[part]);
    if (isOther || (draft && !draft.isShown)) this.refresh();
    if (draft) draft.isShown = true;
  }

  /** Draws everything again, with the next frame. */
  refresh() {
    this.#isPictureStale = true;
    this.#staleHole = (this.#shown.painted ?? this.#shown.invented)?.whole ?? null;
    this.#schedule();
  }

  /** Draws the hole again where it changed, with the next frame. @param {Area} area */
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
   * @param {Area} area
   */
  divideBeside({ left, top }) {
    this.dividerPosition = this.view.toStage({ x: left, y: top }).x - BESIDE;
  }

  /** @param {Size} size */
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
    const { picture, before, draft } = this.#shown;
    if (before) this.#drawPicture(before);
    if (!picture) return;
    this.onPicture.save();
    if (before) {
      this.onPicture.beginPath();
      this.onPicture.rect(this.dividerPosition * this.#pixelRatio, 0, width, height);
      this.onPicture.clip();
    }
    this.#drawPicture(picture);
    if (draft) this.onPicture.drawImage(draft.canvas, ...this.#place(draft.area, draft.canvas));
    this.onPicture.restore();
  }

  /** @param {Picture} picture */
  #drawPicture(picture) {
    const { scale } = this.view;
    const box = this.#place({ left: 0, top: 0 }, picture);
    this.onPicture.imageSmoothingEnabled = scale < SMOOTH_BELOW;
    this.onPicture.imageSmoothingQuality = "high";
    const level = picture.levelFor(scale * this.#pixelRatio);
    this.onPicture.fillStyle = this.#checks();
    this.onPicture.fillRect(...box);
    this.onPicture.drawImage(level, ...box);
  }

  /**
   * Left, top, width and height on the screen, in device pixels.
   * @param {{left: number, top: number}} corner in picture pixels
   * @param {Size} size
   * @returns {[number, number, number, number]}
   */
  #place({ left, top }, { width, height }) {
    const { x, y } = this.view.toStage({ x: left, y: top });
    const scale = this.view.scale * this.#pixelRatio;
    return [x * this.#pixelRatio, y * this.#pixelRatio, width * scale, height * scale];
  }

  /** What is seen through a transparent picture. */
  #checks() {
    const length = Math.round(CHECK * this.#pixelRatio);
    const onTile = contextOf({ width: 2 * length, height: 2 * length });
    CHECK_COLOURS.forEach((colour, i) => {
      onTile.fillStyle = colour;
      onTile.fillRect(i * length, 0, length, length);
      onTile.fillRect((1 - i) * length, length, length, length);
    });
    return /** @type {CanvasPattern} */ (this.onPicture.createPattern(onTile.canvas, "repeat"));
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
    const { before, invented, unsure, painted } = this.#shown;
    const divider = before ? Math.round(this.dividerPosition * this.#pixelRatio) : 0;
    const window = { left, top, right, bottom };
    if (invented) this.#rasterise(pixels, invented, INVENTED, window, divider);
    if (unsure) this.#rasterise(pixels, unsure, UNSURE, window, divider);
    if (painted) this.#rasterise(pixels, painted, PAINTED, window, 0);
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
    const filled = style === PAINTED && this.#shown.draft?.mask.pixels;
    const isHole = (/** @type {number} */ row, /** @type {number} */ column) =>
      row >= 0 &&
      column >= 0 &&
      pixels[row * width + column] === 1 &&
      !(filled && filled[row * width + column]);
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
   */
  #onScreen(area) {
    const { canvas } = this.onHole;
    const [x, y, width, height] = this.#place(area, sizeOf(area));
    return {
      left: Math.max(Math.floor(x) - 2, 0),
      top: Math.max(Math.floor(y) - 2, 0),
      right: Math.min(Math.ceil(x + width) + 2, canvas.width),
      bottom: Math.min(Math.ceil(y + height) + 2, canvas.height),
    };
  }
}
