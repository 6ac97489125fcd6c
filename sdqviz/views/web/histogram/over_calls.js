// Percentiles and scales over the calls, from noise to picture.

const QUANTILES = [0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999];
const MIDDLE = 3; // the median's place in them
const LAST = QUANTILES.length - 1;

/**
 * The value below which the share q of the counts lies, spread evenly within a bin.
 * @param {number[]} counts
 * @param {number[]} edges
 * @param {number} q
 */
function quantile(counts, edges, q) {
  let left = q * counts.reduce((a, b) => a + b, 0);
  for (let i = 0; i < counts.length; i++) {
    if (counts[i] >= left && counts[i]) {
      return edges[i] + ((edges[i + 1] - edges[i]) * left) / counts[i];
    }
    left -= counts[i];
  }
  return edges[edges.length - 1];
}

/**
 * Percentiles within the bins, over the calls.
 * @param {HistogramPlot} plot
 */
function bandsView(plot) {
  const { doc, axis, fp, student } = plot;
  const calls = new CallAxis(doc.timesteps, plot.row);
  /** @param {number[][]} rows */
  const quantiles = (rows) => rows.map((row) => QUANTILES.map((q) => quantile(row, doc.edges, q)));
  const [ours, theirs] = [quantiles(fp), student && quantiles(student)];
  /** @type {(rows: number[][], k: number) => string[]} */
  const points = (rows, k) => rows.map((row, i) => `${calls.x(i)},${axis.y(row[k])}`);
  const bands = [0.18, 0.25, 0.35].map((opacity, k) => {
    const outline = [...points(ours, k), ...points(ours, LAST - k).reverse()];
    return `<path d="M${outline.join("L")}Z" fill="${BLUE}" fill-opacity="${opacity}"/>`;
  });
  /** @type {(rows: number[][], k: number, style: string) => string} */
  const line = (rows, k, style) => svgPolyline(points(rows, k).join(" "), style);
  const thin = 'stroke="currentColor" stroke-width="1"';
  const dashed = `stroke="${ORANGE}" stroke-width="2" stroke-dasharray="5 3"`;
  const lines = [
    line(ours, MIDDLE, `stroke="${BLUE}" stroke-width="2"`),
    ...(theirs ? [0, MIDDLE, LAST].map((k) => line(theirs, k, thin)) : []),
    ...[0, 1].map((end) => line(doc.ranges, end, dashed)),
    axis.beside(),
  ];
  const summary = `percentile bands of the values entering ${doc.layer}`;
  const others = `median and ends of the 99.8 % of ${escaped(doc.label)}`;
  return (
    callsFrame(calls, summary, ...bands, ...lines) +
    legend(
      swatch(
        `border-top:8px solid ${BLUE};opacity:.6`,
        `50, 90 and 99.8 % and the median of the ${whoseValues(plot)}`,
      ),
      theirs && swatch("border-top:1px solid currentColor", others),
      swatch(`border-top:3px dashed ${ORANGE}`, term("ends of the range at each timestep")),
    )
  );
}

/**
 * The distance between two codes at each timestep, and what it was before training.
 * @param {HistogramPlot} plot
 */
function scalesView({ doc, row }) {
  const calls = new CallAxis(doc.timesteps, row);
  /** @param {[number, number][]} ranges */
  const sizes = (ranges) => ranges.map(([low, high]) => (high - low) / (2 ** doc.bits - 1));
  const [now, before] = [sizes(doc.ranges), doc.initial && sizes(doc.initial)];
  const top = Math.max(...now, ...(before ?? [])) * 1.05;
  /** @param {number} v */
  const y = (v) => PLOT.top + PLOT_TALL * (1 - v / top);
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const at = y(share * top);
    const name = +(share * top).toPrecision(2);
    const rule = svgRule(PLOT.left, PLOT.width - PLOT.right, at);
    return rule + svgText(PLOT.left - 5, at + 4, name, "end");
  });
  /** @type {(values: number[], style: string) => string} */
  const line = (values, style) =>
    svgPolyline(
      values.map((v, i) => `${calls.x(i)},${y(v)}`).join(" "),
      `stroke-width="2.2" ${style}`,
    );
  const lines = [
    before ? line(before, `stroke="${BLUE}" stroke-dasharray="5 3"`) : "",
    line(now, `stroke="${ORANGE}"`),
  ];
  const kind = before ? "learned scale (one code's step)" : "scale (one code's step)";
  return (
    callsFrame(calls, `activation scale of ${doc.layer} over the timesteps`, ...grid, ...lines) +
    legend(
      swatch(`border-top:3px solid ${ORANGE}`, term(kind)),
      before && swatch(`border-top:3px dashed ${BLUE}`, term("as calibrated, before training")),
    )
  );
}
