// What the viewer paints on its canvas, in each of its modes.

const BOARD_SQUARES = 8; // of the board, along the picture's shorter side
const BOX_COLOUR = "#E69F00";

class Painter {
  #viewer;
  #pen;

  /**
   * @param {Viewer} viewer
   * @param {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} pen
   */
  constructor(viewer, pen) {
    this.#viewer = viewer;
    this.#pen = pen;
  }

  clear() {
    const { width, height } = this.#pen.canvas;
    this.#pen.imageSmoothingEnabled = false;
    this.#pen.clearRect(0, 0, width, height);
  }

  paint() {
    const { mode, pictures, share, turned, gain, signed } = this.#viewer;
    const { a, b } = pictures;
    const [first, second] = turned ? [b, a] : [a, b];
    const whole = {
      left: 0,
      top: 0,
      width: this.#pen.canvas.width,
      height: this.#pen.canvas.height,
    };
    const line = Math.round(share * whole.width);
    if (mode === "side" || mode === "all") {
      for (const panel of this.#viewer.panels) this.#put(panel.source, panel);
    } else if (mode === "split") {
      this.#put(first, { ...whole, width: line });
      this.#put(second, whole, line);
    } else if (mode === "flicker") {
      this.#put(first, whole);
    } else if (mode === "fade") {
      this.#put(a, whole);
      this.#pen.globalAlpha = share;
      this.#put(b, whole);
      this.#pen.globalAlpha = 1;
    } else if (mode === "difference" && pictures.pair) {
      const pair = pictures.pair;
      this.#put(sourceOf(pixels.difference(pair.a.data, pair.b.data, gain, signed)), whole);
    } else if (mode === "checker") {
      this.#put(a, whole);
      this.#pen.save();
      this.#clipBoard();
      this.#put(b, whole);
      this.#pen.restore();
    }
    const map = mapOf(mode);
    if (map) this.#put(pictures.map(map.name), whole);
    for (const panel of this.#viewer.panels) this.#outline(panel);
  }

  /**
   * A picture in its panel, from `from` on to the right.
   * @param {Source | undefined} source
   * @param {PanelPlace} panel
   */
  #put(source, { left, top, width, height }, from = left) {
    if (!source) return;
    const pen = this.#pen;
    const { x, y, scale } = this.#viewer.view;
    pen.save();
    pen.beginPath();
    pen.rect(from, top, left + width - from, height);
    pen.clip();
    const size = /** @type {const} */ ([source.width * scale, source.height * scale]);
    pen.drawImage(source.image, left + x, top + y, ...size);
    pen.restore();
  }

  /** Lets only every second square of a board on the picture be painted. */
  #clipBoard() {
    const pen = this.#pen;
    const { x, y, scale } = this.#viewer.view;
    const { a, b } = this.#viewer.pictures;
    const { width, height } = a ?? b ?? { width: 0, height: 0 };
    const side = Math.ceil(Math.min(width, height) / BOARD_SQUARES);
    pen.beginPath();
    for (let row = 0; row * side < height; row++) {
      for (let column = (row + 1) % 2; column * side < width; column += 2) {
        const [left, top] = [x + column * side * scale, y + row * side * scale];
        pen.rect(left, top, side * scale, side * scale);
      }
    }
    pen.clip();
  }

  /** @param {PanelPlace} panel */
  #outline({ left, top, width, height }) {
    const { box } = this.#viewer.measure;
    if (!box) return;
    const pen = this.#pen;
    const { x, y, scale } = this.#viewer.view;
    pen.save();
    pen.beginPath();
    pen.rect(left, top, width, height); // not into the panels beside
    pen.clip();
    pen.lineWidth = 2 * pixelRatio();
    pen.strokeStyle = BOX_COLOUR;
    const corner = /** @type {const} */ ([left + x + box.x * scale, top + y + box.y * scale]);
    pen.strokeRect(...corner, box.w * scale, box.h * scale);
    pen.restore();
  }
}
