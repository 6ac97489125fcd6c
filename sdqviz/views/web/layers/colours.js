// The colours of the map of layers.

// Cividis, from dark (little) to pale (much): read alike with every kind of colour vision.
const RAMP = [
  ...["#00224e", "#123570", "#3b496c", "#575d6d", "#707173"],
  ...["#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838"],
];
const NO_FIGURE = "#8a8a8a";
const OVERFLOWED = "not finite"; // the worst there is
const FLOOR_SHARE = 0.05; // of the layers, that may lie below the colours

class ColourScale {
  /**
   * @param {Figure[]} figures of all that is coloured
   * @param {Column} column
   */
  constructor(figures, column) {
    this.column = column;
    const values = figures.filter((v) => typeof v === "number");
    const sorted = values.filter((v) => v > 0).sort((a, b) => a - b);
    this.some = values.length > 0;
    this.high = sorted[sorted.length - 1] ?? 0;
    // A few layers that lose next to nothing would take most of the colours for themselves.
    const floor = sorted[Math.floor(sorted.length * FLOOR_SHARE)];
    this.logarithmic = this.high / floor > 10;
    // Spread into Math.min, a large network's values at all timesteps would be too many.
    this.low = this.logarithmic ? floor : values.reduce((a, b) => Math.min(a, b), Infinity);
    this.below = values.some((v) => v < this.low);
  }

  /**
   * 0 to 1 from little to much.
   * @param {number} v
   */
  #place(v) {
    const { low, high } = this;
    if (high === low) return 0;
    if (!this.logarithmic) return (v - low) / (high - low);
    return Math.log(Math.max(v, low) / low) / Math.log(high / low);
  }

  /** @param {Figure} value */
  colour(value) {
    if (value === OVERFLOWED) return RAMP[RAMP.length - 1];
    if (typeof value !== "number") return NO_FIGURE;
    return RAMP[Math.round(this.#place(value) * (RAMP.length - 1))];
  }

  /** @param {Figure} value */
  written(value) {
    return figure(value, this.column);
  }

  /** As HTML. */
  get legend() {
    if (!this.some) return "";
    const ramp = `background:linear-gradient(90deg,${RAMP.join(",")})`;
    const none = swatch(`background:${NO_FIGURE};height:10px;width:14px`, "none");
    return (
      `<span>${this.below ? "≤ " : ""}${this.written(this.low)}</span>` +
      `<span style="width:120px;height:10px;border-radius:3px;${ramp}"></span>` +
      `<span>${this.written(this.high)}${this.logarithmic ? " (log)" : ""}</span>` +
      `<span>${none}</span>`
    );
  }
}
