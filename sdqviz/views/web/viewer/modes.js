// The ways in which the viewer shows two pictures or more.

/** @typedef {"flip" | "st_lpips"} MapName a map that runs keep, as the document names it */
/** @typedef {"split" | "side" | "flicker" | "fade" | "difference" | "all" | "checker"} PairMode */
/** @typedef {PairMode | MapName} Mode */

/** @type {{ name: Mode, title: string, help: string }[]} */
const MODES = [
  { name: "split", title: "Split", help: "one picture left of the line, the other right" },
  { name: "side", title: "Side", help: "side by side, moved together" },
  { name: "flicker", title: "Flicker", help: "one after the other in the same place" },
  { name: "fade", title: "Fade", help: "mixed" },
  { name: "difference", title: "Difference", help: "each channel's difference, times the gain" },
  {
    name: "flip",
    title: "FLIP",
    help: "the error seen when flipping between them: 0 black, 1 pale",
  },
  {
    name: "st_lpips",
    title: "ST-LPIPS",
    help: "where a trained network sees a difference: 0 black, 1 or more pale",
  },
  { name: "all", title: "All", help: "every picture drawn from this noise, moved together" },
  { name: "checker", title: "Checker", help: "both at once, in the squares of a board" },
];
/** @type {{ name: MapName, title: string, caption: string }[]} */
const MAPS = [
  { name: "flip", title: "FLIP map", caption: "FLIP" },
  { name: "st_lpips", title: "ST-LPIPS map", caption: "ST-LPIPS (alex)" },
];
const GAINS = [1, 2, 4, 8, 16, 32];
const MAP_GAINS = [1, 2, 4, 8];

/**
 * The mode of this name, if there is one.
 * @param {string | null} name
 */
const modeOf = (name) => MODES.find((mode) => mode.name === name);

/**
 * The map that a mode shows, if it shows one.
 * @param {Mode} mode
 */
const mapOf = (mode) => MAPS.find(({ name }) => name === mode);

/**
 * The two ends of a mode's caption: what is at the left and at the right.
 * @param {Viewer} viewer
 * @returns {[string, string]}
 */
function modeCaptions({ mode, pictures, turned, signed, gain, mapGain }) {
  const [a, b] = [pictures.label("a"), pictures.label("b")];
  switch (mode) {
    case "split":
      return turned ? [b, a] : [a, b];
    case "side":
    case "fade":
      return [a, b];
    case "flicker":
      return [turned ? b : a, ""];
    case "difference":
      return [differenceCaption(a, b, signed, gain), ""];
    case "checker":
      return [`${a} and ${b} in turn; the upper left square is ${a}`, ""];
    default:
      return [mapCaption(mode, mapGain), ""];
  }
}

/**
 * @param {string} a
 * @param {string} b
 * @param {boolean} signed
 * @param {number} gain
 */
function differenceCaption(a, b, signed, gain) {
  if (!signed) return `|${a} − ${b}| × ${gain}: white is ${Math.ceil(255 / gain)} of 255 or more`;
  const ends = `black and white ±${Math.ceil(127 / gain)} of 255`;
  return `(${b} − ${a}) × ${gain}: grey is equal, ${ends}`;
}

/**
 * @param {Mode} mode
 * @param {number} gain
 */
function mapCaption(mode, gain) {
  const map = mapOf(mode);
  return map ? `${map.caption}${gain === 1 ? "" : ` × ${gain}`}` : "";
}
