// The ways to see the values entering a layer.

/**
 * A view gives HTML. `heights`: it has heights of counts; `values`: values run along an axis;
 * `models`: it shows one model at a time.
 * @typedef {{
 *   name: string, title: string, draw: (plot: HistogramPlot) => string,
 *   heights?: boolean, values?: boolean, models?: boolean,
 * }} HistogramView
 */

/** @type {HistogramView[]} */
const HISTOGRAM_VIEWS = [
  { name: "here", title: "At the cursor", draw: atCursorView, heights: true, values: true },
  { name: "overlay", title: "Overlay", draw: overlayView, heights: true, values: true },
  { name: "all", title: "Ridgeline", draw: ridgelineView, heights: true, values: true },
  {
    name: "heat",
    title: "Heatmap",
    draw: heatmapView,
    heights: true,
    values: true,
    models: true,
  },
  { name: "bands", title: "Bands", draw: bandsView, values: true },
  { name: "steps", title: "Scales", draw: scalesView },
];

/**
 * The row that a click on a view's drawing chose; undefined for none.
 * @param {HistogramView} view
 * @param {MouseEvent} event
 * @param {number} count of rows
 */
function clickedRow({ name }, event, count) {
  const target = targetOf(event);
  const svg = target?.closest("svg");
  if (!svg || name === "here") return undefined;
  const edge = svg.getBoundingClientRect();
  const scale = svg.viewBox.baseVal.width / edge.width;
  if (name === "heat") {
    const tall = (svg.viewBox.baseVal.height - PLOT.top - PLOT.bottom) / count;
    return Math.floor(((event.clientY - edge.top) * scale - PLOT.top) / tall);
  }
  if (name === "bands" || name === "steps") {
    const share = ((event.clientX - edge.left) * scale - PLOT.left) / PLOT_WIDE;
    return Math.round(share * (count - 1));
  }
  const row = target?.getAttribute("data-row"); // of a ridge or a line of the overlay
  return row ? Number(row) : undefined;
}
