// The charts of one layer: its errors, its codes, its block's loss.

/** @param {string} words */
const emptyChart = (words) => `<p class="sdq-empty">${words}</p>`;

/**
 * Its errors at each timestep.
 * @param {Layer} layer
 * @param {number[] | null} timesteps
 */
function errorChart({ name, weight_bits: bits, own, replay }, timesteps) {
  if (!bits) return emptyChart("It stays in floating point, or was removed.");
  if (!own || !replay || !timesteps) {
    return emptyChart("Made before layers' errors were kept: run it again.");
  }
  const every = Math.max(1, Math.round(timesteps.length / 7));
  const names = timesteps.map((t, i) => [i, timestepText(t)]);
  const chart = lineChart({
    series: [
      { name: "in replay", points: [...replay.entries()], colour: ORANGE, dots: true },
      { name: "own error", points: [...own.entries()], colour: BLUE, dots: true, dashed: true },
    ],
    from: 0,
    to: timesteps.length - 1,
    cursor: timesteps.length,
    xNames: Object.fromEntries(names.filter((_, i) => i % every === 0)),
    xTitle: TIME_TITLE,
    yTitle: "relative squared error",
    summary: `error of ${name} at each timestep`,
  });
  return chart || emptyChart("No error above 0 that is finite.");
}

/**
 * Its weights as stored.
 * @param {Layer} layer
 */
function codeCharts({ name, weight_bits: bits, stored }) {
  if (!bits) {
    return emptyChart("No codes: its weights stay in floating point, or it was removed.");
  }
  if (!stored) return emptyChart("Made before codes were counted: run it again.");
  const codes = barChart({
    counts: stored.codes,
    first: -(2 ** (bits - 1)),
    colour: BLUE,
    xTitle: `${bits}-bit code`,
    summary: `how often the weights of ${name} take each code`,
  });
  const groups =
    stored.multipliers.length &&
    barChart({
      counts: stored.multipliers,
      first: 1,
      colour: ORANGE,
      height: 120,
      xTitle: "multiplier of a group",
      summary: `how often the groups of ${name} take each multiplier`,
    });
  const [least, most] = stored.scale.map((v) => v.toPrecision(2));
  const product = `weight = scale × ${groups ? "multiplier × " : ""}code`;
  return (
    codes +
    (groups || "") +
    `<p class="sdqt-values">${product}; scales of the output channels ${least} to ${most}</p>`
  );
}

/**
 * The errors of its block while training.
 * @param {string | null} block
 * @param {BlockCurves | undefined} curves
 */
function blockChart(block, curves) {
  if (block === null || !curves || !(curves.loss.length || curves.replay.length)) {
    return emptyChart("Nothing was trained for it: rounded to nearest, or outside every block.");
  }
  const last = Math.max(...[...curves.loss, ...curves.replay].map(([step]) => step), 1);
  const names = [0, 0.25, 0.5, 0.75, 1].map((share) => Math.round(share * last));
  const chart = lineChart({
    series: [
      { name: "training batches, smoothed", points: curves.loss, colour: BLUE },
      { name: "fixed tune scene", points: curves.replay, colour: ORANGE, dots: true },
    ].filter((one) => one.points.length),
    from: 0,
    to: last,
    xNames: Object.fromEntries(names.map((n) => [n, n])),
    xTitle: "optimiser step",
    yTitle: "block error",
    summary: `errors of the block ${block} while training`,
  });
  const { frozen } = curves;
  const state = frozen ? `; frozen at step ${frozen.step}: ${frozen.reason}` : "";
  return chart + `<p class="sdqt-values">${escaped(block + state)}</p>`;
}
