// Where a value and a call lie in the histogram's plots.

const PLOT = { width: 480, height: 220, left: 44, right: 8, top: 10, bottom: 40 };
const PLOT_WIDE = PLOT.width - PLOT.left - PLOT.right;
const PLOT_TALL = PLOT.height - PLOT.top - PLOT.bottom;
const PLOT_FLOOR = PLOT.height - PLOT.bottom;
const MARK_ROOM = 0.1; // of the axis, between two marks

/** @typedef {(n: number) => number} Scale */

/** @type {Record<string, (bin: number) => Scale>} */
const VALUE_SCALES = {
  linear: () => (v) => v,
  // Signed logarithm: linear within one bin of 0, below which nothing is told apart.
  symlog: (bin) => (v) => Math.sign(v) * Math.log10(1 + Math.abs(v) / bin),
};
/** @type {Record<string, Scale>} */
const HEIGHT_SCALES = { "√": Math.sqrt, linear: (n) => n, log: (n) => Math.log10(1 + n) };

/** The axis of a layer's input values: the same bins for every timestep. */
class ValueAxis {
  /**
   * @param {number[]} edges
   * @param {string} scale of VALUE_SCALES
   */
  constructor(edges, scale) {
    this.low = edges[0];
    this.high = edges[edges.length - 1];
    this.bin = edges[1] - edges[0];
    this.scale = scale;
    this.place = VALUE_SCALES[scale](this.bin);
    this.from = this.place(this.low);
    this.to = this.place(this.high);
  }

  /**
   * 0 to 1; what lies beyond the bins is at their ends.
   * @param {number} v
   */
  share(v) {
    return (this.place(clamp(v, this.low, this.high)) - this.from) / (this.to - this.from);
  }

  /** @param {number} v */
  x(v) {
    return PLOT.left + PLOT_WIDE * this.share(v);
  }

  /** @param {number} v */
  y(v) {
    return PLOT.top + PLOT_TALL * (1 - this.share(v));
  }

  /** Values to write at the axis. */
  get marks() {
    if (this.scale === "linear") {
      return [0, 0.25, 0.5, 0.75, 1].map((share) => this.low + share * (this.high - this.low));
    }
    const first = Math.ceil(Math.log10(this.bin)) + 1;
    const last = Math.floor(Math.log10(Math.max(-this.low, this.high)));
    const count = Math.max(0, last - first + 1);
    const powers = Array.from({ length: count }, (_, i) => 10 ** (first + i));
    const all = [this.low, ...powers.map((p) => -p).reverse(), 0, ...powers, this.high];
    // No two closer than their texts are wide; the ends and 0 stay.
    /** @param {number} v */
    const inside = (v) => v > this.low && v < this.high;
    const kept = all.filter((v) => v === this.low || v === this.high || (v === 0 && inside(v)));
    for (const v of all) {
      /** @param {number} k */
      const apart = (k) => Math.abs(this.share(k) - this.share(v)) > MARK_ROOM;
      if (inside(v) && kept.every(apart)) kept.push(v);
    }
    return kept;
  }

  /**
   * The marks under a plot whose values run to the right.
   * @param {number} floor
   */
  under(floor) {
    const texts = this.marks.map((v) => {
      const anchor = v === this.high ? "end" : "middle";
      return svgText(this.x(v), floor + 19, +v.toPrecision(3), anchor);
    });
    return texts.join("");
  }

  /** The marks beside a plot whose values run upwards. */
  beside() {
    const marks = [...new Set([this.low, 0, this.high])];
    return marks
      .filter((v) => v >= this.low && v <= this.high)
      .map((v) => svgText(PLOT.left - 5, this.y(v) + 4, +v.toPrecision(3), "end"))
      .join("");
  }
}

/** Calls from left to right: where each is, timesteps under them, the cursor in them. */
class CallAxis {
  #timesteps;
  #row;

  /**
   * @param {(number | null)[]} timesteps
   * @param {number} row the cursor's
   */
  constructor(timesteps, row) {
    this.#timesteps = timesteps;
    this.#row = row;
  }

  /** @param {number} i */
  x(i) {
    return PLOT.left + (PLOT_WIDE * i) / Math.max(1, this.#timesteps.length - 1);
  }

  under() {
    const every = Math.max(1, Math.round(this.#timesteps.length / 7));
    const names = this.#timesteps.map((t, i) =>
      i % every ? "" : svgText(this.x(i), PLOT_FLOOR + 15, timestepText(t), "middle"),
    );
    const x = this.x(this.#row);
    const ends = `y1="${PLOT.top}" y2="${PLOT_FLOOR}"`;
    return `${names.join("")}<line x1="${x}" x2="${x}" ${ends} class="sdqt-line"/>`;
  }
}
