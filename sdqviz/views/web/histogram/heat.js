// A row of cells for each timestep: one model's counts, or how they differ.

/** @param {HistogramPlot} plot */
function heatmapView(plot) {
  const { doc, axis, fp, student, which } = plot;
  const tall = Math.max(6, Math.min(16, 200 / fp.length));
  const floor = PLOT.top + tall * fp.length;
  const differs = Boolean(student && which === "difference");
  const shown = student && which !== "fp" ? student : fp;
  const top = tallest(plot);
  const parts = shown.map((counts, r) => {
    const y = PLOT.top + r * tall;
    const others = differs ? fp[r] : counts.map(() => 0);
    const cells = counts.map((n, i) => heatCell(plot, r, i, n - others[i], { y, tall, top }));
    const marks = doc.ranges[r].map((end) => {
      const at = { x: axis.x(end) - 1.2, y, width: 2.4, height: tall };
      return svgRect(at, `fill="${differs ? "currentColor" : ORANGE}"`);
    });
    const row = { x: PLOT.left, y, width: PLOT_WIDE, height: tall };
    const chosen = r === plot.row ? svgRect(row, 'fill="none" stroke="currentColor"') : "";
    return [...cells, ...marks, chosen, rowName(plot, r, y + tall / 2 + 4)].join("");
  });
  const summary = `heatmap of the values entering ${doc.layer} over the timesteps`;
  const signs = differs ? differenceSigns(plot) : countSigns(plot);
  return valuesFrame(plot, floor, summary, ...parts) + legend(...signs);
}

/**
 * A bin of a row: `value` is its count, or by how much it differs.
 * @param {HistogramPlot} plot
 * @param {number} row
 * @param {number} i
 * @param {number} value
 * @param {{ y: number, tall: number, top: number }} size
 */
function heatCell(plot, row, i, value, { y, tall, top }) {
  if (!value) return "";
  const { doc, axis, student, which } = plot;
  const differs = student && which === "difference";
  const opacity = (0.06 + (0.94 * plot.height(Math.abs(value))) / top).toFixed(3);
  const number = differs && value > 0 ? `+${value}` : value;
  const [from, to] = [axis.x(doc.edges[i]), axis.x(doc.edges[i + 1])];
  const fill = `fill="${differs && value > 0 ? ORANGE : BLUE}" fill-opacity="${opacity}"`;
  const title = `t = ${timestepText(doc.timesteps[row])}, ${binText(plot, i)}: ${number}`;
  return svgRect({ x: from, y, width: to - from + 0.3, height: tall }, fill, title);
}

/** @param {HistogramPlot} plot */
const differenceSigns = ({ doc, heights }) => [
  swatch(`border-top:8px solid ${ORANGE}`, `more in ${escaped(doc.label)}`),
  swatch(`border-top:8px solid ${BLUE}`, `more in FP (${heights}, the scale of the other maps)`),
  rangeSign("currentColor"),
];

/** @param {HistogramPlot} plot */
function countSigns(plot) {
  const { doc, student, which, heights } = plot;
  const whose = which === "student" && student ? `${escaped(doc.label)} values` : whoseValues(plot);
  return [
    swatch(`border-top:8px solid ${BLUE}`, `more ${whose}, stronger (${heights})`),
    rangeSign(),
  ];
}
