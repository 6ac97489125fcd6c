// How often each whole number occurs, as bars.

/**
 * Bars as an svg; counts[i] is of the whole number first + i.
 * @param {{
 *   counts: number[], first: number, colour: string, xTitle: string, summary: string,
 *   height?: number,
 * }} chart
 */
function barChart({ counts, first, colour, xTitle, summary, height = 150 }) {
  const { width, left, right, top, bottom } = CHART;
  const total = counts.reduce((a, b) => a + b, 0) || 1;
  const most = Math.max(...counts, 1);
  const wide = (width - left - right) / counts.length;
  const [room, floor] = [height - top - bottom, height - bottom];
  const every = Math.ceil(counts.length / 16);
  const parts = counts.map((n, i) => {
    const tall = (room * n) / most;
    const at = left + i * wide;
    const share = `${first + i}: ${n.toLocaleString("en")} (${((100 * n) / total).toFixed(1)} %)`;
    const hovered = { x: at, y: top, width: wide, height: room };
    const bar = { x: at + wide * 0.08, y: floor - tall, width: wide * 0.84, height: tall };
    return (
      svgRect(hovered, 'fill="transparent"', share) +
      svgRect(bar, `fill="${colour}" pointer-events="none"`) +
      (i % every ? "" : svgText(at + wide / 2, floor + 15, first + i, "middle"))
    );
  });
  return svgFrame(
    { width, height, summary },
    ...parts,
    svgText(left - 5, top + 10, `${((100 * most) / total).toFixed(0)} %`, "end"),
    svgTitle((left + width) / 2, height - 6, xTitle),
  );
}
