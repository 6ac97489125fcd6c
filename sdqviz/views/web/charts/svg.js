// What the charts are drawn with: strings of svg.

const BLUE = "var(--sdq-blue)";
const ORANGE = "var(--sdq-orange)";
const TIME_TITLE = "timestep (sampling runs to the right)";

/**
 * @param {number} x
 * @param {number} y
 * @param {string | number} words
 * @param {"start" | "middle" | "end"} anchor
 */
const svgText = (x, y, words, anchor) =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="11" fill="currentColor">` +
  `${escaped(String(words))}</text>`;

/**
 * The title of an axis, with the meaning of its words; `turn` is a transform.
 * @param {number} x
 * @param {number} y
 * @param {string} words
 */
const svgTitle = (x, y, words, turn = "") =>
  `<text x="${x}" y="${y}" text-anchor="middle" font-size="12" fill="currentColor"` +
  `${turn && ` transform="${turn}"`}>${svgTerm(words)}</text>`;

/**
 * A drawing; `summary` is its text equivalent, `attributes` what its svg has besides.
 * @param {{ width: number, height: number, summary: string, attributes?: string }} about
 * @param {...string} parts
 */
const svgFrame = ({ width, height, summary, attributes = "" }, ...parts) =>
  `<svg viewBox="0 0 ${width} ${height}" role="img"${attributes && ` ${attributes}`} ` +
  `aria-label="${escaped(summary)}">${parts.join("")}</svg>`;

/**
 * A line of a grid at height `y`.
 * @param {number} left
 * @param {number} right
 * @param {number} y
 */
const svgRule = (left, right, y) =>
  `<line x1="${left}" x2="${right}" y1="${y}" y2="${y}" stroke="currentColor" ` +
  `stroke-opacity="0.15"/>`;

/**
 * @param {{ x: number, y: number, width: number, height: number }} at
 * @param {string} attributes
 * @param {string} [title] shown on hover
 */
const svgRect = ({ x, y, width, height }, attributes, title) =>
  `<rect x="${x}" y="${y}" width="${width}" height="${height}" ${attributes}` +
  (title === undefined ? "/>" : `><title>${title}</title></rect>`);

/**
 * A line through points, written "x,y x,y".
 * @param {string} points
 * @param {string} attributes
 */
const svgPolyline = (points, attributes) =>
  `<polyline points="${points}" fill="none" ${attributes}/>`;

/**
 * Items of a legend, each HTML; what is empty is left out.
 * @param {...(string | false | null)} items
 */
const legend = (...items) =>
  `<div class="sdq-legend">${items
    .filter(Boolean)
    .map((item) => `<span>${item}</span>`)
    .join("")}</div>`;

/**
 * A sign of a legend in this style, with its words as HTML.
 * @param {string} style
 * @param {string} words
 */
const swatch = (style, words) => `<i style="${style}"></i>${words}`;
