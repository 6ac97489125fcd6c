// How many of the values that calibration saw lie outside the quantized range.

/**
 * Percent of a row's values below and above its range. A bin counts by the share of it that lies
 * outside.
 * @param {HistogramDocument} doc
 * @param {number} row
 */
function clippedPercent({ counts, edges, ranges, bits }, row) {
  const [low, high] = ranges[row];
  const half = (high - low) / (2 ** bits - 1) / 2; // so far beyond the ends it still rounds to them
  const total = Math.max(
    1,
    counts[row].reduce((a, b) => a + b, 0),
  );
  let [below, above] = [0, 0];
  counts[row].forEach((n, i) => {
    const [from, to] = [edges[i], edges[i + 1]];
    /** @type {(a: number, b: number) => number} */
    const inside = (a, b) => (n * Math.max(0, Math.min(b, to) - Math.max(a, from))) / (to - from);
    below += inside(-Infinity, low - half);
    above += inside(high + half, Infinity);
  });
  return { below: (100 * below) / total, above: (100 * above) / total };
}

/**
 * A row's range in words.
 * @param {HistogramDocument} doc
 * @param {number} row
 */
function rangeText(doc, row) {
  const [low, high] = doc.ranges[row];
  const { below, above } = clippedPercent(doc, row);
  const t = doc.timesteps[row];
  const step = (high - low) / (2 ** doc.bits - 1);
  const parts = [
    `${t === null ? "at any t" : `at t = ${timestepText(t)}`}: ${doc.bits}-bit range`,
    `${low.toPrecision(3)} to ${high.toPrecision(3)}, step ${step.toPrecision(2)}, in calibration`,
    `about ${(below + above).toFixed(2)} % of the values clipped: ${below.toFixed(2)} % below,`,
    `${above.toFixed(2)} % above`,
  ];
  return parts.join(" ");
}
