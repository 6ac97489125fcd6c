// What the histogram's views have in common.

/**
 * `layer_histogram` of `views`: the values entering a layer. `timesteps`: null is any. `counts` are
 * of calibration, `pair` of a held-out scene under both models (null: none was kept). `ranges`: the
 * ends of the quantized range at each timestep; `initial`: those before training (null: the same).
 * @typedef {{
 *   layer: string, label: string, timesteps: (number | null)[], edges: number[],
 *   counts: number[][], ranges: [number, number][], initial: [number, number][] | null,
 *   bits: number, x_title: string, pair: { fp: number[][], student: number[][] } | null,
 * }} HistogramDocument
 */

/**
 * What a view draws. `row`: the cursor's; `height`: of a count, `heights` its name; `fp` and
 * `student`: rows of counts (student is null where only calibration's were kept).
 * @typedef {{
 *   doc: HistogramDocument, axis: ValueAxis, row: number, height: Scale, heights: string,
 *   fp: number[][], student: number[][] | null, which: string,
 * }} HistogramPlot
 */

/**
 * Whose values are drawn.
 * @param {HistogramPlot} plot
 */
const whoseValues = ({ student }) => `FP values of ${student ? "a held-out scene" : "calibration"}`;

/** @param {HistogramPlot} plot */
const valuesAndHeights = (plot) => `${whoseValues(plot)} (${plot.heights} heights)`;

const rangeSign = (colour = ORANGE) =>
  swatch(`border-left:3px solid ${colour};height:12px;width:0`, term("ends of the range"));

/**
 * The tallest of all bars.
 * @param {HistogramPlot} plot
 */
const tallest = ({ fp, student, height }) =>
  Math.max(1e-9, ...[...fp, ...(student ?? [])].map((row) => height(Math.max(...row))));

/**
 * The ends of a row's quantized range, as lines.
 * @param {HistogramPlot} plot
 * @param {number} row
 * @param {number} top
 * @param {number} bottom
 */
const rangeEnds = ({ doc, axis }, row, top, bottom) =>
  doc.ranges[row]
    .map((end) => {
      const x = axis.x(end);
      const line = `x1="${x}" x2="${x}" y1="${top}" y2="${bottom}"`;
      return `<line ${line} stroke="${ORANGE}" stroke-width="2.4"/>`;
    })
    .join("");

/**
 * The outline of a row's bars over `base`, `tall` high where it is `top`.
 * @param {HistogramPlot} plot
 * @param {number[]} counts
 * @param {number} top
 */
const barOutline = ({ doc, axis, height }, counts, top, base = PLOT_FLOOR, tall = PLOT_TALL) =>
  counts
    .flatMap((n, i) => {
      const y = (base - (tall * height(n)) / top).toFixed(1);
      const ends = [doc.edges[i], doc.edges[i + 1]];
      return ends.map((edge) => `${axis.x(edge).toFixed(1)},${y}`);
    })
    .join(" ");

/**
 * The timestep beside a row, where there is room for it.
 * @param {HistogramPlot} plot
 * @param {number} row
 * @param {number} y
 */
const rowName = ({ doc, fp }, row, y) =>
  row % Math.max(1, Math.round(fp.length / 9))
    ? ""
    : svgText(PLOT.left - 5, y, timestepText(doc.timesteps[row]), "end");

/**
 * A bin as text.
 * @param {HistogramPlot} plot
 * @param {number} i
 */
const binText = ({ doc }, i) =>
  `${doc.edges[i].toPrecision(3)} to ${doc.edges[i + 1].toPrecision(3)}`;

/**
 * The drawing of values that run to the right, as high as its rows end.
 * @param {HistogramPlot} plot
 * @param {number} floor
 * @param {string} summary
 * @param {...string} parts
 */
const valuesFrame = ({ doc, axis }, floor, summary, ...parts) => {
  const height = floor + PLOT.bottom;
  const title = svgTitle((PLOT.left + PLOT.width) / 2, height - 6, doc.x_title);
  const about = { width: PLOT.width, height, summary };
  return svgFrame(about, ...parts, axis.under(floor), title);
};

/**
 * The drawing of what runs over the calls.
 * @param {CallAxis} calls
 * @param {string} summary
 * @param {...string} parts
 */
const callsFrame = (calls, summary, ...parts) => {
  const title = svgTitle((PLOT.left + PLOT.width) / 2, PLOT.height - 6, TIME_TITLE);
  const about = { width: PLOT.width, height: PLOT.height, summary };
  return svgFrame(about, ...parts, calls.under(), title);
};
