// What the viewer paints on its canvas, in each of its modes.

const BOARD_SQUARES = 8; // of the board, along the picture's shorter side
const BOX_COLOURS = ["#000", "#E69F00"]; // one of the two is seen on any picture
const FRAME_COLOUR = "#808080";

class Painter {
  /** @type {{ map: LoadedPicture, gain: number, source: Source } | null} the last map with gain */
  made = null;
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
    const drawn = map && pictures.map(map.name);
    if (drawn) this.#put(this.#brightened(drawn), whole);
    const { panels } = this.#viewer;
    for (const panel of panels) this.#outline(panel);
    if (panels.length > 1) for (const panel of panels) this.#frame(panel);
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
    const corner = /** @type {const} */ ([left + x + box.x * scale, top + y + box.y * scale]);
    BOX_COLOURS.forEach((colour, i) => {
      pen.lineWidth = (i ? 2 : 4) * pixelRatio();
      pen.strokeStyle = colour;
      pen.strokeRect(...corner, box.w * scale, box.h * scale);
    });
    this.#label(...corner);
    pen.restore();
  }

  /**
   * The box's score, above its left upper corner, or in it where there is no room.
   * @param {number} left
   * @param {number} bottom
   */
  #label(left, bottom) {
    const { told } = this.#viewer.measure;
    if (!told) return;
    const pen = this.#pen;
    const high = 18 * pixelRatio();
    pen.font = `${12 * pixelRatio()}px sans-serif`;
    const wide = pen.measureText(told).width + 10 * pixelRatio();
    const top = bottom < high ? bottom : bottom - high;
    const from = clamp(left, 0, Math.max(0, pen.canvas.width - wide));
    pen.fillStyle = BOX_COLOURS[0];
    pen.fillRect(from, top, wide, high);
    pen.fillStyle = "#fff";
    pen.textBaseline = "middle";
    pen.fillText(told, from + 5 * pixelRatio(), top + high / 2);
  }

  /** @param {PanelPlace} panel */
  #frame({ left, top, width, height }) {
    const pen = this.#pen;
    pen.lineWidth = pixelRatio();
    pen.strokeStyle = FRAME_COLOUR;
    pen.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
  }

  /**
   * A map with the chosen gain.
   * @param {LoadedPicture} map
   */
  #brightened(map) {
    const { mapGain } = this.#viewer;
    if (mapGain === 1) return map;
    const { made } = this;
    if (made?.map !== map || made.gain !== mapGain) {
      this.made = { map, gain: mapGain, source: sourceOf(magma.times(map.data, mapGain)) };
    }
    return /** @type {{ source: Source }} */ (this.made).source;
  }
}
