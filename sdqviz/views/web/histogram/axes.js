// Where a value and a count lie in the histogram's plots: margins, bins' axis, frame, legend.
(() => {
  const { charts } = window.sdqviz;
  const { told, escaped } = charts;
  const plot = { width: 480, height: 220, left: 44, right: 8, top: 10, bottom: 40 };
  plot.wide = plot.width - plot.left - plot.right;
  plot.tall = plot.height - plot.top - plot.bottom;
  plot.floor = plot.height - plot.bottom;

  // Signed logarithm: linear within one bin of 0, below which nothing is told apart.
  const symlog = (bin) => (v) => Math.sign(v) * Math.log10(1 + Math.abs(v) / bin);
  const VALUE_SCALES = { linear: () => (v) => v, symlog };
  const HEIGHT_SCALES = { "√": Math.sqrt, linear: (n) => n, log: (n) => Math.log10(1 + n) };

  /** The axis of a layer's input values: the same bins for every timestep. */
  class ValueAxis {
    constructor(edges, scale) {
      this.edges = edges;
      [this.low, this.high] = [edges[0], edges.at(-1)];
      this.bin = edges[1] - edges[0];
      this.scale = scale;
      this.place = VALUE_SCALES[scale](this.bin);
      [this.from, this.to] = [this.place(this.low), this.place(this.high)];
    }

    /** 0 to 1; what lies beyond the bins is at their ends. */
    share(v) {
      const inside = Math.min(Math.max(v, this.low), this.high);
      return (this.place(inside) - this.from) / (this.to - this.from);
    }

    x(v) {
      return plot.left + plot.wide * this.share(v);
    }

    y(v) {
      return plot.top + plot.tall * (1 - this.share(v));
    }

    /** Values to write at the axis. */
    get marks() {
      if (this.scale === "linear") {
        return [0, 0.25, 0.5, 0.75, 1].map((share) => this.low + share * (this.high - this.low));
      }
      const first = Math.ceil(Math.log10(this.bin)) + 1;
      const last = Math.floor(Math.log10(Math.max(-this.low, this.high)));
      const powers = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => 10 ** (first + i));
      const all = [this.low, ...powers.map((p) => -p).reverse(), 0, ...powers, this.high];
      // No two closer than their texts are wide; the ends and 0 stay.
      const kept = all.filter((v) => v === this.low || v === this.high || (v === 0 && this.low < 0 && this.high > 0));
      for (const v of all) {
        const free = v > this.low && v < this.high && kept.every((k) => Math.abs(this.share(k) - this.share(v)) > 0.1);
        if (free) kept.push(v);
      }
      return kept;
    }

    /** The marks under a plot whose values run to the right. */
    under(floor) {
      return this.marks.map((v) => {
        const end = v === this.high ? "end" : "middle";
        return text(this.x(v), floor + 19, end, +v.toPrecision(3));
      }).join("");
    }

    /** The marks beside a plot whose values run upwards. */
    beside() {
      return [...new Set([this.low, 0, this.high])].filter((v) => v >= this.low && v <= this.high)
        .map((v) => text(plot.left - 5, this.y(v) + 4, "end", +v.toPrecision(3))).join("");
    }
  }

  /** Calls from left to right: where each is, timesteps under them, the cursor in them. */
  class CallAxis {
    constructor(timesteps, row) {
      Object.assign(this, { timesteps, row });
    }

    x(i) {
      return plot.left + (plot.wide * i) / Math.max(1, this.timesteps.length - 1);
    }

    under() {
      const every = Math.max(1, Math.round(this.timesteps.length / 7));
      const names = this.timesteps.map((t, i) => (i % every ? "" : text(this.x(i), plot.floor + 15, "middle", named(t))));
      const here = this.x(this.row);
      return `${names.join("")}<line x1="${here}" x2="${here}" y1="${plot.top}" y2="${plot.floor}" class="sdqt-line"/>`;
    }
  }

  const text = (x, y, anchor, words) =>
    `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="11" fill="currentColor">${words}</text>`;
  const named = (t) => (t === null ? "any t" : `${+t.toFixed(1)}`);

  /** The drawing with the title of its horizontal axis; `summary` is its text equivalent. */
  const frame = (body, height, title, summary) =>
    `<svg viewBox="0 0 ${plot.width} ${height}" role="img" aria-label="${escaped(summary)}">${body}` +
    `<text x="${(plot.left + plot.width) / 2}" y="${height - 6}" text-anchor="middle" font-size="12" fill="currentColor">${
      told(title)}</text></svg>`;

  const legend = (...items) =>
    `<div class="sdq-legend">${items.filter(Boolean).map((item) => `<span>${item}</span>`).join("")}</div>`;

  /** The value below which the share q of the counts lies, spread evenly within a bin. */
  function quantile(counts, edges, q) {
    let left = q * counts.reduce((a, b) => a + b, 0);
    for (let i = 0; i < counts.length; i++) {
      if (counts[i] >= left && counts[i]) return edges[i] + ((edges[i + 1] - edges[i]) * left) / counts[i];
      left -= counts[i];
    }
    return edges.at(-1);
  }

  window.sdqviz.histogramAxes = {
    plot, VALUE_SCALES, HEIGHT_SCALES, ValueAxis, CallAxis, frame, legend, named, text, quantile,
  };
})();
