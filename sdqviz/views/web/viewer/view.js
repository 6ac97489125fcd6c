// Where a picture lies in its panel: zoom and pan, shared by all panels of a viewer.

const MOST_ZOOM = 64; // screen pixels a picture pixel

class View {
  fitted = true;
  // Of the panel, in device pixels, and of the picture, in its own.
  width = 0;
  height = 0;
  pictureWidth = 0;
  pictureHeight = 0;
  scale = 0; // device pixels a picture pixel
  least = 0; // the scale that shows the whole picture
  /** @type {number[] | null} */
  #wanted = null; // of an address: the picture's pixel in the middle, and the zoom over the least
  x = 0; // of the picture's left upper corner in the panel
  y = 0;

  /**
   * The panel's size in device pixels and the picture's in its own.
   * @param {number} width
   * @param {number} height
   * @param {number} pictureWidth
   * @param {number} pictureHeight
   */
  frame(width, height, pictureWidth, pictureHeight) {
    Object.assign(this, { width, height, pictureWidth, pictureHeight });
    this.least = Math.min(width / pictureWidth, height / pictureHeight);
    if (this.#wanted) this.#look(this.#wanted);
    else if (this.fitted || !this.scale) this.fit();
    else this.#hold();
  }

  /** Column and row in the middle, and the zoom over the least, for the page's address. */
  get words() {
    if (this.fitted || !this.scale) return null;
    const column = (this.width / 2 - this.x) / this.scale;
    const row = (this.height / 2 - this.y) / this.scale;
    return [column, row, this.scale / this.least].map((n) => n.toFixed(2)).join(",");
  }

  /**
   * Looks where `words` said, once the panel is known; null shows the whole picture.
   * @param {string | null} words
   */
  recall(words) {
    const numbers = numbersIn(words, 3);
    this.#wanted = numbers;
    if (!numbers) this.fitted = true;
  }

  /** @param {number[]} wanted */
  #look([column, row, factor]) {
    this.#wanted = null;
    this.scale = this.#possible(this.least * factor);
    this.fitted = this.scale <= this.least * 1.001;
    this.x = this.width / 2 - column * this.scale;
    this.y = this.height / 2 - row * this.scale;
    this.#hold();
  }

  fit() {
    this.fitted = true;
    this.scale = this.least;
    this.x = (this.width - this.pictureWidth * this.scale) / 2;
    this.y = (this.height - this.pictureHeight * this.scale) / 2;
  }

  /**
   * Zooms about a point of the panel, in device pixels.
   * @param {number} factor
   */
  zoom(factor, x = this.width / 2, y = this.height / 2) {
    const scale = this.#possible(this.scale * factor);
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.fitted = scale <= this.least * 1.001;
    this.#hold();
  }

  /**
   * @param {number} dx
   * @param {number} dy
   */
  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.#hold();
  }

  /**
   * Shows a box of the picture, in its pixels, as large as it goes.
   * @param {Box} box
   */
  show(box) {
    this.scale = this.#possible(Math.min(this.width / box.w, this.height / box.h) * 0.8);
    this.fitted = false;
    this.x = this.width / 2 - (box.x + box.w / 2) * this.scale;
    this.y = this.height / 2 - (box.y + box.h / 2) * this.scale;
    this.#hold();
  }

  /**
   * The picture's pixel under a point of the panel, or null outside it.
   * @param {number} x
   * @param {number} y
   * @returns {[number, number] | null}
   */
  pixel(x, y) {
    const column = Math.floor((x - this.x) / this.scale);
    const row = Math.floor((y - this.y) / this.scale);
    const inside =
      column >= 0 && row >= 0 && column < this.pictureWidth && row < this.pictureHeight;
    return inside ? [column, row] : null;
  }

  /**
   * The picture's pixel that is nearest to a point of the panel.
   * @param {number} x
   * @param {number} y
   * @returns {[number, number]}
   */
  nearestPixel(x, y) {
    const column = Math.floor((x - this.x) / this.scale);
    const row = Math.floor((y - this.y) / this.scale);
    return [clamp(column, 0, this.pictureWidth - 1), clamp(row, 0, this.pictureHeight - 1)];
  }

  /** @param {number} scale */
  #possible(scale) {
    return clamp(scale, this.least, Math.max(MOST_ZOOM, this.least));
  }

  #hold() {
    // No edge of the picture leaves a gap that the picture could fill.
    /** @type {(at: number, room: number, length: number) => number} */
    const hold = (at, room, length) =>
      length <= room ? (room - length) / 2 : clamp(at, room - length, 0);
    this.x = hold(this.x, this.width, this.pictureWidth * this.scale);
    this.y = hold(this.y, this.height, this.pictureHeight * this.scale);
  }
}

/**
 * So many numbers out of an address, or null.
 * @param {string | null} words
 * @param {number} count
 */
function numbersIn(words, count) {
  const numbers = (words ?? "").split(",").map(Number);
  return words && numbers.length === count && numbers.every(Number.isFinite) ? numbers : null;
}
