// The toy's two charts: the numbers along a line before and after, and how many there are of each.

const TOY = { wide: 400, tall: 180, left: 38, right: 8, top: 10, bottom: 26 };
const TOY_BINS = 80;
const FEW_CODES = 32; // more are drawn thin

/** @param {number} share from 0 to 1 */
const toyX = (share) => TOY.left + share * (TOY.wide - TOY.left - TOY.right);

/** @param {number} share from 0 to 1 */
const toyY = (share) => TOY.tall - TOY.bottom - share * (TOY.tall - TOY.top - TOY.bottom);

/**
 * The share of the way from the lowest to the highest number that there is.
 * @param {ToyNumbers} numbers
 */
function toyShare({ low, high, symmetric }) {
  const most = symmetric ? Math.max(-low, high) : 1;
  return (/** @type {number} */ value) => (value + most) / (2 * most);
}

/**
 * The numbers along a row as a line, and as the stairs that rounding makes of it.
 * @param {ToyNumbers} numbers
 * @param {Grid} grid
 * @param {number} row
 */
function toyCurve(numbers, grid, row) {
  const share = toyShare(numbers);
  const { name, values } = rowOf(numbers, row);
  const wide = values.length;
  const y = (/** @type {number} */ value) => toyY(share(value)).toFixed(1);
  const middle = values.map((v, i) => `${toyX((i + 0.5) / wide).toFixed(1)},${y(v)}`).join(" ");
  const stairs = values
    .map((v, i) => {
      const at = y(grid.snap(v));
      return `${toyX(i / wide).toFixed(1)},${at} ${toyX((i + 1) / wide).toFixed(1)},${at}`;
    })
    .join(" ");
  const rules = grid.bits > 6 ? [] : grid.values.map((v) => toyRule(toyY(share(v))));
  const [low, high] = [numbers.symmetric ? numbers.low : -1, numbers.symmetric ? numbers.high : 1];
  const ends = [low, 0, high].map((v) =>
    svgText(TOY.left - 6, toyY(share(v)) + 4, v.toPrecision(2), "end"),
  );
  const words = `${name} along the line`;
  return svgFrame(
    { width: TOY.wide, height: TOY.tall, summary: `${words}, true and with ${grid.bits} bits` },
    ...rules,
    ...ends,
    svgPolyline(stairs, `stroke="${ORANGE}" stroke-width="2.5"`),
    svgPolyline(middle, `stroke="${BLUE}" stroke-width="1.5"`),
    svgText((TOY.left + TOY.wide) / 2, TOY.tall - 8, words, "middle"),
  );
}

/** @param {number} y */
const toyRule = (y) =>
  `<line x1="${TOY.left}" x2="${TOY.wide - TOY.right}" y1="${y.toFixed(1)}" ` +
  `y2="${y.toFixed(1)}" stroke="${ORANGE}" stroke-opacity="0.3"/>`;

/**
 * How many numbers there are of each size, with the grid's codes and what lies beyond its ends.
 * @param {ToyNumbers} numbers
 * @param {Grid} grid
 */
function toyHistogram(numbers, grid) {
  const share = toyShare(numbers);
  const counts = new Array(TOY_BINS).fill(0);
  for (const value of numbers.values) {
    counts[clamp(Math.floor(share(value) * TOY_BINS), 0, TOY_BINS - 1)] += 1;
  }
  const most = Math.sqrt(Math.max(...counts));
  const slot = (TOY.wide - TOY.left - TOY.right) / TOY_BINS;
  const floor = toyY(0);
  const bars = counts.map((count, i) => {
    const y = toyY(Math.sqrt(count) / most);
    const at = { x: TOY.left + i * slot, y, width: slot * 0.92, height: floor - y };
    return svgRect(at, `fill="${BLUE}" fill-opacity="0.75"`);
  });
  const [low, high] = grid.ends.map((v) => clamp(toyX(share(v)), TOY.left, TOY.wide - TOY.right));
  const tall = floor - TOY.top;
  const beyond = 'fill="#d55e00" fill-opacity="0.18"';
  const clipped = [
    svgRect({ x: TOY.left, y: TOY.top, width: low - TOY.left, height: tall }, beyond),
    svgRect({ x: high, y: TOY.top, width: TOY.wide - TOY.right - high, height: tall }, beyond),
  ];
  const codes = grid.bits > 6 ? grid.values.filter((_, i) => i % 4 === 0) : grid.values;
  const thick = codes.length > FEW_CODES ? 1 : 2;
  const ticks = codes.map((v) => {
    const x = toyX(share(v)).toFixed(1);
    const up = v === 0 ? TOY.top : floor - 10;
    const drawn = `x1="${x}" x2="${x}" y1="${floor + 6}" y2="${up}"`;
    return `<line ${drawn} stroke="${ORANGE}" stroke-width="${thick}"/>`;
  });
  const marks = [low, high].map(
    (x) =>
      `<line x1="${x}" x2="${x}" y1="${TOY.top}" y2="${floor}" stroke="${ORANGE}" ` +
      `stroke-width="2"/>`,
  );
  return svgFrame(
    { width: TOY.wide, height: TOY.tall, summary: "how many numbers there are of each size" },
    ...clipped,
    ...bars,
    ...ticks,
    ...marks,
    svgText((TOY.left + TOY.wide) / 2, TOY.tall - 4, "value (√ heights)", "middle"),
  );
}
