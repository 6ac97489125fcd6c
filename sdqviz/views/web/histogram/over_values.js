// All timesteps' histograms at once: over each other, or one below the other.

const EARLY = "#CC79A7"; // Okabe and Ito's purple: the first calls, towards blue, the last

/**
 * All timesteps over each other, the cursor's in front.
 * @param {HistogramPlot} plot
 */
function overlayView(plot) {
  const { doc, row, fp, student } = plot;
  const top = tallest(plot);
  const lines = fp.map((counts, r) => {
    const share = Math.round((100 * r) / Math.max(1, fp.length - 1));
    const stroke = `stroke="color-mix(in oklab, ${BLUE} ${share}%, ${EARLY})"`;
    const style = `${stroke} stroke-width="1.2" stroke-opacity="0.7" data-row="${r}"`;
    return svgPolyline(barOutline(plot, counts, top), style);
  });
  const front = 'stroke="currentColor" stroke-width="2.4"';
  lines.push(svgPolyline(barOutline(plot, fp[row], top), front));
  if (student) {
    const dashed = `stroke="${ORANGE}" stroke-width="1.4" stroke-dasharray="4 3"`;
    lines.push(svgPolyline(barOutline(plot, student[row], top), dashed));
  }
  lines.push(rangeEnds(plot, row, PLOT.top, PLOT_FLOOR));
  const summary = `the values entering ${doc.layer}, all timesteps over each other`;
  const ends = [doc.timesteps[0], doc.timesteps[doc.timesteps.length - 1]].map(timestepText);
  const ramp = `linear-gradient(90deg in oklab, ${EARLY}, ${BLUE})`;
  return (
    valuesFrame(plot, PLOT_FLOOR, summary, ...lines) +
    legend(
      swatch(
        `height:8px;width:60px;background:${ramp}`,
        `t = ${ends.join(" to ")}: ${valuesAndHeights(plot)}`,
      ),
      swatch("border-top:3px solid currentColor", "FP at the cursor"),
      student && swatch(`border-top:2px dashed ${ORANGE}`, `${escaped(doc.label)} at the cursor`),
      rangeSign(),
    )
  );
}

/**
 * One histogram a timestep, each below the one before it.
 * @param {HistogramPlot} plot
 */
function ridgelineView(plot) {
  const { doc, axis, row, fp, student } = plot;
  const top = tallest(plot);
  const [step, tall] = [13, 34];
  const parts = fp.map((counts, r) => {
    const base = PLOT.top + tall + step * r;
    const [left, right] = [`${axis.x(axis.low)},${base}`, `${axis.x(axis.high)},${base}`];
    const points = `${left} ${barOutline(plot, counts, top, base, tall)} ${right}`;
    const fill = `fill="${BLUE}" fill-opacity="${r === row ? 0.9 : 0.35}"`;
    const shape = `<polygon points="${points}" ${fill} stroke="${BLUE}" stroke-width="0.6" `;
    const thin = 'stroke="currentColor" stroke-width="0.8" stroke-opacity="0.8"';
    const theirs = student && barOutline(plot, student[r], top, base, tall);
    return (
      `${shape}data-row="${r}"/>` +
      (theirs ? svgPolyline(theirs, `${thin} pointer-events="none"`) : "") +
      rangeEnds(plot, r, base - 9, base) +
      rowName(plot, r, base + 3)
    );
  });
  const floor = PLOT.top + tall + step * (fp.length - 1);
  const summary = `the values entering ${doc.layer}, one histogram a timestep`;
  return (
    valuesFrame(plot, floor, summary, ...parts) +
    legend(
      swatch(`border-top:8px solid ${BLUE};opacity:.5`, valuesAndHeights(plot)),
      student &&
        swatch("border-top:1px solid currentColor", `${escaped(doc.label)} on the same latents`),
      rangeSign(),
    )
  );
}
