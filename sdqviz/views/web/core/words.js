// Words and figures as text and as HTML.

/**
 * Text that is safe inside HTML.
 * @param {string} words
 */
const escaped = (words) => words.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/**
 * The explanation of the longest term that the words begin with, as `views/terms.py`.
 * @param {string} words
 */
function meaning(words) {
  const known = Object.keys(TERMS).filter(
    (t) => words.startsWith(t) && !/^\p{L}/u.test(words.slice(t.length)),
  );
  return TERMS[known.reduce((a, b) => (b.length > a.length ? b : a), "")] ?? "";
}

/**
 * Words as HTML with their meaning on hover.
 * @param {string} words
 */
function term(words) {
  const help = meaning(words);
  if (!help) return escaped(words);
  return `<abbr class="sdq-term" title="${escaped(help)}">${escaped(words)}</abbr>`;
}

/**
 * The same inside an svg's text.
 * @param {string} words
 */
function svgTerm(words) {
  const help = meaning(words);
  return escaped(words) + (help ? `<title>${escaped(help)}</title>` : "");
}

/**
 * A value of a column as text.
 * @param {unknown} value
 * @param {{ digits: number }} column
 */
function figure(value, column) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "number") return String(value);
  return column.digits ? value.toPrecision(column.digits) : value.toLocaleString("en");
}

/**
 * An error as text; JSON has no infinity, so what overflowed comes as null.
 * @param {number | null | undefined} value
 */
const errorText = (value) => value?.toPrecision(2) ?? "not finite";

/**
 * A timestep as text; null is any.
 * @param {number | null} t
 */
const timestepText = (t) => (t === null ? "any t" : `${+t.toFixed(1)}`);
