// The histogram at the cursor's timestep, with the range and its codes.

/**
 * Bars of FP, a line of the quantized model, the grid of codes, the clipped.
 * @param {HistogramPlot} plot
 */
function atCursorView(plot) {
  const { doc, axis, row, fp, student } = plot;
  const top = tallest(plot);
  const bars = fp[row].map((n, i) => {
    const tall = (PLOT_TALL * plot.height(n)) / top;
    const [from, to] = [axis.x(doc.edges[i]), axis.x(doc.edges[i + 1])];
    const width = Math.max(0.5, to - from - 0.5);
    const at = { x: from, y: PLOT_FLOOR - tall, width, height: tall };
    return svgRect(at, `fill="${BLUE}"`, `${binText(plot, i)}: ${n}`);
  });
  const points = student && barOutline(plot, student[row], top);
  const line = points ? svgPolyline(points, 'stroke="currentColor" stroke-width="1.4"') : "";
  const [grid, every] = codeTicks(plot);
  const lines = [line, clippedAreas(plot), rangeEnds(plot, row, PLOT.top, PLOT_FLOOR), grid];
  const same = `${escaped(doc.label)} on the same latents; the end bins hold what lies beyond`;
  const codes = term(every === 1 ? "codes" : `codes, each ${every}th`);
  return (
    valuesFrame(plot, PLOT_FLOOR, `values entering ${doc.layer}`, ...bars, ...lines) +
    legend(
      swatch(`border-top:8px solid ${BLUE}`, valuesAndHeights(plot)),
      student && swatch("border-top:2px solid currentColor", same),
      rangeSign(),
      swatch(`border-top:6px dotted ${ORANGE}`, codes),
      swatch(`border-top:10px solid ${ORANGE};opacity:.2`, term("clipped")),
    )
  );
}

/**
 * What lies beyond the ends of the range.
 * @param {HistogramPlot} plot
 */
function clippedAreas({ doc, axis, row }) {
  const [low, high] = doc.ranges[row];
  const areas = [
    [axis.low, low],
    [high, axis.high],
  ];
  return areas
    .map(([from, to]) => ({ x: axis.x(from), width: axis.x(to) - axis.x(from) }))
    .filter(({ width }) => width > 0)
    .map((at) => ({ ...at, y: PLOT.top, height: PLOT_TALL }))
    .map((at) => svgRect(at, `fill="${ORANGE}" fill-opacity="0.12"`))
    .join("");
}

/**
 * The values that codes stand for, as ticks on the axis; the zero point's is longer. With how many
 * codes a tick stands for.
 * @param {HistogramPlot} plot
 * @returns {[string, number]}
 */
function codeTicks({ doc, axis, row }) {
  const [low, high] = doc.ranges[row];
  const last = 2 ** doc.bits - 1;
  const step = (high - low) / last;
  const room = (PLOT_WIDE * step) / (axis.high - axis.low);
  const every = [1, 2, 4, 8, 16, 32].find((n) => n * room >= 3) ?? 64;
  const zero = Math.round(-low / step);
  const ticks = [];
  for (let code = 0; code <= last; code++) {
    const value = low + code * step;
    if ((code % every && code !== zero) || value < axis.low || value > axis.high) continue;
    const line = `M${axis.x(value)} ${PLOT_FLOOR}v${code === zero ? 9 : 4}`;
    const wide = code === zero ? ' stroke-width="2.4"' : "";
    const title = `<title>code ${code}: ${value.toPrecision(3)}</title>`;
    ticks.push(`<path d="${line}" stroke="${ORANGE}"${wide}>${title}</path>`);
  }
  return [ticks.join(""), every];
}
