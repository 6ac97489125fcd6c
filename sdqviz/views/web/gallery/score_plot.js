// The distribution of a score over the scenes: a dot each, and a brush that chooses a part.

const SCORE_PLOT = { width: 480, height: 64, edge: 14, line: 24, words: 60, brush: 40 };
const LEAST_BRUSH = 4; // of the plot's units: less is a tap

/** @typedef {[number, number] | null} ScoreRange what is brushed */

class ScorePlot {
  /** @type {number[]} */
  #values = [];

  /** @param {(range: ScoreRange) => void} brush a part was chosen */
  constructor(brush) {
    this.brush = brush;
    const viewBox = `0 0 ${SCORE_PLOT.width} ${SCORE_PLOT.height}`;
    this.root = svgNode("svg", { viewBox, class: "sdqg-plot", role: "img" });
    this.root.addEventListener("pointerdown", (event) => this.#drag(event));
  }

  /**
   * @param {number[]} values of the scenes, the worst first
   * @param {ScoreRange} range
   * @param {string} label of the score
   */
  show(values, range, label) {
    this.#values = values;
    const { width, edge, line } = SCORE_PLOT;
    const ends = [values[0], values[values.length - 1]];
    const dots = values.map((v) => {
      const opacity = !range || (v >= range[0] && v <= range[1]) ? 0.75 : 0.2;
      const at = `cx="${this.#x(v)}" cy="${line}" r="6"`;
      return `<circle ${at} fill="#0072B2" fill-opacity="${opacity}"/>`;
    });
    const across = `x1="${edge}" x2="${width - edge}" y1="${line}" y2="${line}"`;
    this.root.innerHTML =
      `<line ${across} stroke="currentColor" stroke-opacity="0.3"/>` +
      [this.#brushed(range), ...dots, ...this.#ends(ends)].join("");
    const [worst, best] = ends.map((v) => v.toFixed(3));
    const words = `${label} of ${values.length} scenes, from ${worst} (worst) to ${best}`;
    this.root.setAttribute("aria-label", `${words}; drag to choose a part`);
  }

  /** @param {ScoreRange} range */
  #brushed(range) {
    if (!range) return "";
    const [left, right] = range.map((v) => this.#x(v));
    const at = { x: left, y: 4, width: right - left, height: SCORE_PLOT.brush };
    return svgRect(at, 'class="sdqg-brush"');
  }

  /** @param {number[]} ends the worst first */
  #ends(ends) {
    return [...new Set(ends)].map((v) => {
      const words = `${v.toFixed(3)}${v === ends[0] ? " (worst)" : ""}`;
      const anchor = this.#x(v) > SCORE_PLOT.width / 2 ? "end" : "start";
      return svgText(this.#x(v), SCORE_PLOT.words, words, anchor);
    });
  }

  /** The least and the largest value, and how much of the plot is between them. */
  get #span() {
    const [low, high] = [Math.min(...this.#values), Math.max(...this.#values)];
    return { low, high, room: SCORE_PLOT.width - 2 * SCORE_PLOT.edge };
  }

  /** @param {number} v */
  #x(v) {
    const { low, high, room } = this.#span;
    return SCORE_PLOT.edge + (high > low ? (room * (v - low)) / (high - low) : room / 2);
  }

  /** @param {number} x */
  #value(x) {
    const { low, high, room } = this.#span;
    return low + ((x - SCORE_PLOT.edge) / room) * (high - low);
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    const box = this.root.getBoundingClientRect();
    const { width, edge } = SCORE_PLOT;
    /** @param {PointerEvent} event */
    const at = ({ clientX }) =>
      clamp(((clientX - box.left) / box.width) * width, edge, width - edge);
    const start = at(event);
    this.root.setPointerCapture(event.pointerId);
    /** @param {PointerEvent} event */
    const move = (event) => {
      const [a, b] = [start, at(event)].sort((p, q) => p - q);
      if (b - a > LEAST_BRUSH) this.brush([this.#value(a) - 1e-9, this.#value(b) + 1e-9]);
    };
    const end = () => {
      this.root.removeEventListener("pointermove", move);
      this.root.removeEventListener("pointerup", end);
    };
    this.root.addEventListener("pointermove", move);
    this.root.addEventListener("pointerup", end);
    event.preventDefault();
  }
}
