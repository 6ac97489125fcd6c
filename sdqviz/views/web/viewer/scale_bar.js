// The bar at the foot of a mode that shows numbers as colours: what its two ends stand for.

class ScaleBar {
  constructor() {
    this.low = node("span");
    this.high = node("span");
    this.bar = node("i");
    this.root = node("div", { class: "sdqv-scale", hidden: true }, this.low, this.bar, this.high);
  }

  /** @param {Viewer} viewer */
  show({ mode, gain, mapGain, signed }) {
    const map = mapOf(mode);
    this.root.hidden = !map && mode !== "difference";
    if (map) this.#put("0", `${short(1 / mapGain)}${ofMap(map, mapGain)}`, magma.gradient);
    else if (signed) {
      const end = Math.min(255, Math.ceil(127 / gain));
      this.#put(`−${end}`, `+${end}`, "linear-gradient(90deg, #000, #808080, #fff)");
    } else this.#put("0", String(Math.ceil(255 / gain)), "linear-gradient(90deg, #000, #fff)");
  }

  /**
   * @param {string} low
   * @param {string} high
   * @param {string} background
   */
  #put(low, high, background) {
    this.low.textContent = low;
    this.high.textContent = high;
    this.bar.style.background = background;
  }
}

/** @param {number} value */
const short = (value) => String(Number(value.toPrecision(3)));

/**
 * FLIP ends at 1; what is brighter than the bar's end, by its gain or its own scale, is more.
 * @param {{ name: MapName }} map
 * @param {number} gain
 */
const ofMap = ({ name }, gain) => (name === "flip" && gain === 1 ? "" : " or more");
