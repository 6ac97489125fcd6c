// Lines over the calls or the steps, drawn in the page: they change too often to be asked for.

const CHART = { width: 480, height: 210, left: 52, right: 8, top: 8, bottom: 38 };
const DECADES = 8; // of the axis at most; what is still smaller is drawn on the floor

/**
 * `points` are [x, y]; a y that is null (it overflowed) or 0 is left out.
 * @typedef {{
 *   name: string, points: [number, number | null][], colour: string,
 *   dashed?: boolean, dots?: boolean,
 * }} Series
 */

/**
 * Lines on a logarithmic axis as HTML: legend and svg.
 * @param {{
 *   series: Series[], from: number, to: number, xNames: Record<string, string | number>,
 *   xTitle: string, yTitle: string, summary: string, cursor?: number,
 * }} chart x runs from `from` to `to`; xNames: text under x; cursor: how many calls x counts, where
 *   it is a call
 */
function lineChart({ series, from, to, xNames, xTitle, yTitle, summary, cursor: calls }) {
  const values = series.flatMap((one) => knownPoints(one).map(([, y]) => y));
  if (!values.length) return "";
  const { width, height, left, right, top, bottom } = CHART;
  const [wide, tall] = [width - left - right, height - top - bottom];
  const least = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(Math.ceil(Math.log10(Math.max(...values))), least + 1);
  const low = Math.max(least, high - DECADES);
  /** @param {number} v */
  const x = (v) => left + (wide * (v - from)) / Math.max(to - from, 1e-9);
  /** @param {number} v */
  const y = (v) => top + tall * (1 - (Math.max(Math.log10(v), low) - low) / (high - low));

  const grid = [];
  for (let e = low; e <= high; e += Math.ceil((high - low) / 5)) {
    const at = y(10 ** e);
    grid.push(svgRule(left, width - right, at), svgText(left - 5, at + 4, `1e${e}`, "end"));
  }
  const names = Object.entries(xNames).map(([at, name]) =>
    svgText(x(+at), height - bottom + 15, name, +at === to ? "end" : "middle"),
  );
  const area = `data-cursor="${left} ${width - right} ${top} ${height - bottom} ${calls}"`;
  return (
    legend(...series.filter(isFirstOfItsName).map(seriesSign)) +
    svgFrame(
      { width, height, summary, attributes: calls ? area : "" },
      ...grid,
      ...series.map((one) => seriesLine(one, x, y)),
      ...names,
      svgTitle((left + width) / 2, height - 6, xTitle),
      svgTitle(12, height / 2, yTitle, `rotate(-90 12 ${height / 2})`),
    )
  );
}

/** @type {(one: Series, place: number, all: Series[]) => boolean} */
const isFirstOfItsName = ({ name }, place, all) =>
  all.findIndex((other) => other.name === name) === place;

/** @param {Series} series */
const seriesSign = ({ name, colour, dashed }) =>
  swatch(`border-top:3px ${dashed ? "dashed" : "solid"} ${colour}`, term(name));

/**
 * The points that a logarithmic axis can show.
 * @param {Series} series
 */
function knownPoints({ points }) {
  /** @type {[number, number][]} */
  const known = [];
  for (const [x, y] of points) if (y !== null && y > 0) known.push([x, y]);
  return known;
}

/**
 * @param {Series} series
 * @param {(v: number) => number} x
 * @param {(v: number) => number} y
 */
function seriesLine(series, x, y) {
  const { colour, dashed, dots } = series;
  const known = knownPoints(series);
  const path = known.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ");
  const dash = dashed ? ' stroke-dasharray="6 4"' : "";
  const circles = known.map(
    ([a, b]) =>
      `<circle cx="${x(a)}" cy="${y(b)}" r="3" fill="${colour}">` +
      `<title>${b.toPrecision(3)}</title></circle>`,
  );
  const line = svgPolyline(path, `stroke="${colour}" stroke-width="2.2"${dash}`);
  return line + (dots ? circles.join("") : "");
}
