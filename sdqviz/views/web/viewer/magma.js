// The colours of maps, 0 black to 1 pale yellow, read back and drawn with a gain. MAGMA is what
// `metrics/magma.py` interpolates between; `script.py` puts it before.

class Magma {
  /** @type {number[][]} the colours of 256 values */
  table;

  constructor() {
    const corners = MAGMA.map((colour) =>
      [0, 2, 4].map((at) => parseInt(colour.slice(at, at + 2), 16)),
    );
    this.table = Array.from({ length: 256 }, (_, i) => {
      const place = (i / 255) * (corners.length - 1);
      const before = Math.min(Math.floor(place), corners.length - 2);
      const [from, to] = [corners[before], corners[before + 1]];
      return from.map((c, k) => Math.round(c + (to[k] - c) * (place - before)));
    });
  }

  /**
   * The map with its values times the gain.
   * @param {ImageData} map in these colours, or FLIP's own finer ones: the nearest counts
   * @param {number} gain
   */
  times(map, gain) {
    const out = new ImageData(map.width, map.height);
    /** @type {Map<number, number>} */
    const known = new Map(); // colour -> value: a map has few of them
    for (let i = 0; i < map.data.length; i += 4) {
      const [r, g, b] = map.data.subarray(i, i + 3);
      const colour = (r << 16) | (g << 8) | b;
      const value = known.get(colour) ?? this.#value(r, g, b);
      known.set(colour, value);
      const shown = this.table[Math.min(255, Math.round(value * gain))];
      [out.data[i], out.data[i + 1], out.data[i + 2], out.data[i + 3]] = [...shown, 255];
    }
    return out;
  }

  /** As the background of a bar, from left to right. */
  get gradient() {
    return `linear-gradient(90deg, ${MAGMA.map((colour) => `#${colour}`).join(", ")})`;
  }

  /**
   * The value, 0 to 255, whose colour is nearest.
   * @param {number} r
   * @param {number} g
   * @param {number} b
   */
  #value(r, g, b) {
    let best = 0;
    let least = Infinity;
    this.table.forEach(([x, y, z], value) => {
      const away = (x - r) ** 2 + (y - g) ** 2 + (z - b) ** 2;
      if (away < least) [best, least] = [value, away];
    });
    return best;
  }
}

const magma = new Magma();
