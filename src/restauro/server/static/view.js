/** Where the picture lies on the stage. Geometry only: nothing here draws. */

/** @typedef {{x: number, y: number}} Point */

const MARGIN = 24; // CSS pixels left free around a picture that fits
const MAX_SCALE = 40; // one picture pixel is then as wide as a fingertip

/**
 * A point (x, y) of the picture lies at (x * scale + left, y * scale + top) on the stage, in CSS
 * pixels.
 */
export class View {
  scale = 1;
  left = 0;
  top = 0;
  /** Width and height of the stage. */
  stage = { width: 1, height: 1 };
  /** Width and height of the picture. */
  picture = { width: 1, height: 1 };

  /** The scale at which the whole picture fits. */
  get fittingScale() {
    const { stage, picture } = this;
    return Math.min(
      Math.max(1, stage.width - 2 * MARGIN) / picture.width,
      Math.max(1, stage.height - 2 * MARGIN) / picture.height,
      MAX_SCALE,
    );
  }

  /** Shows the whole picture. */
  fit() {
    this.scale = this.fittingScale;
    this.#keepInSight();
  }

  /**
   * Takes a new size of the stage; a picture that was shown whole stays so.
   * @param {number} width
   * @param {number} height
   */
  resize(width, height) {
    const wasWhole = this.scale <= this.fittingScale;
    this.stage = { width, height };
    if (wasWhole) this.fit();
    else this.#keepInSight();
  }

  /** In the middle of the stage. */
  get middle() {
    return { x: this.stage.width / 2, y: this.stage.height / 2 };
  }

  /**
   * Zooms by a factor and keeps a point of the stage where it is.
   * @param {number} factor
   * @param {Point} [point]
   */
  zoom(factor, { x, y } = this.middle) {
    const smallest = Math.min(this.fittingScale, 1);
    const scale = Math.min(Math.max(this.scale * factor, smallest), MAX_SCALE);
    this.left = x - ((x - this.left) * scale) / this.scale;
    this.top = y - ((y - this.top) * scale) / this.scale;
    this.scale = scale;
    this.#keepInSight();
  }

  /** @param {number} dx @param {number} dy */
  pan(dx, dy) {
    this.left += dx;
    this.top += dy;
    this.#keepInSight();
  }

  /** The point of the picture that lies at one of the stage. @param {Point} point */
  toPicture({ x, y }) {
    return { x: (x - this.left) / this.scale, y: (y - this.top) / this.scale };
  }

  /** The point of the stage where one of the picture lies. @param {Point} point */
  toStage({ x, y }) {
    return { x: x * this.scale + this.left, y: y * this.scale + this.top };
  }

  /** Left and right end of what is seen of the picture, on the stage. */
  get visibleColumns() {
    const right = this.left + this.picture.width * this.scale;
    return { left: Math.max(this.left, 0), right: Math.min(right, this.stage.width) };
  }

  /** Centres a picture smaller than the stage; a larger one never leaves an edge bare. */
  #keepInSight() {
    this.left = kept(this.left, this.picture.width * this.scale, this.stage.width);
    this.top = kept(this.top, this.picture.height * this.scale, this.stage.height);
  }
}

/**
 * @param {number} start
 * @param {number} length of the picture
 * @param {number} room on the stage
 */
function kept(start, length, room) {
  if (length <= room - 2 * MARGIN) return (room - length) / 2;
  return Math.min(Math.max(start, room - length - MARGIN), MARGIN);
}
