// Small charts drawn in the page, for what changes too often to be asked of the server.
(() => {
  const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [480, 210, 52, 8, 8, 38];

  /** Lines on a logarithmic axis as HTML: legend and svg.
      series: [{name, points: [[x, y]], colour, dashed?, dots?}]; x runs from `from` to `to`.
      xNames: text under x, {x: text}; cursor: how many calls x counts, where it is a call. */
  function lines({ series, from, to, xNames, xTitle, yTitle, summary, cursor }) {
    const values = series.flatMap((one) => one.points.map(([, y]) => y)).filter((y) => y > 0);
    if (!values.length) return "";
    let low = Math.floor(Math.log10(Math.min(...values)));
    const high = Math.max(Math.ceil(Math.log10(Math.max(...values))), low + 1);
    low = Math.max(low, high - 8); // what is still smaller is drawn on the floor
    const x = (v) => LEFT + ((WIDTH - LEFT - RIGHT) * (v - from)) / Math.max(to - from, 1e-9);
    const y = (v) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - (Math.max(Math.log10(v), low) - low) / (high - low));
    const every = Math.ceil((high - low) / 5);
    const grid = [];
    for (let e = low; e <= high; e += every) {
      grid.push(`<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(10 ** e)}" y2="${y(10 ** e)}" stroke="currentColor" ` +
        `stroke-opacity="0.15"/>` + text(LEFT - 5, y(10 ** e) + 4, `1e${e}`, "end"));
    }
    const drawn = series.map(({ points, colour, dashed, dots }) => {
      const known = points.filter(([, v]) => v > 0);
      const path = known.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ");
      return `<polyline fill="none" stroke="${colour}" stroke-width="2.2" points="${path}"${
        dashed ? ' stroke-dasharray="6 4"' : ""}/>` + (dots ? known.map(([a, b]) =>
        `<circle cx="${x(a)}" cy="${y(b)}" r="3" fill="${colour}"><title>${b.toPrecision(3)}</title></circle>`).join("") : "");
    });
    const names = Object.entries(xNames).map(([at, name]) =>
      text(x(+at), HEIGHT - BOTTOM + 15, name, +at === to ? "end" : "middle"));
    const area = cursor ? ` data-cursor="${LEFT} ${WIDTH - RIGHT} ${TOP} ${HEIGHT - BOTTOM} ${cursor}"` : "";
    const legend = series.map(({ name, colour, dashed }) =>
      `<span><i style="border-top:3px ${dashed ? "dashed" : "solid"} ${colour}"></i>${term(name)}</span>`);
    return `<div class="sdq-legend">${legend.join("")}</div>` + frame(
      grid.join("") + drawn.join("") + names.join("") + title(xTitle) + side(yTitle), HEIGHT, summary, area);
  }

  /** Bars as an svg; counts[i] is of the whole number first + i. */
  function bars({ counts, first, colour, xTitle, summary, height = 150 }) {
    const total = counts.reduce((a, b) => a + b, 0) || 1;
    const most = Math.max(...counts, 1);
    const wide = (WIDTH - LEFT - RIGHT) / counts.length;
    const room = height - TOP - BOTTOM;
    const every = Math.ceil(counts.length / 16);
    const parts = counts.map((n, i) => {
      const tall = (room * n) / most;
      const at = LEFT + i * wide;
      const share = `${first + i}: ${n.toLocaleString("en")} (${((100 * n) / total).toFixed(1)} %)`;
      return `<rect x="${at}" y="${TOP}" width="${wide}" height="${room}" fill="transparent"><title>${share}</title></rect>` +
        `<rect x="${at + wide * 0.08}" width="${wide * 0.84}" y="${height - BOTTOM - tall}" height="${tall}" fill="${colour}" ` +
        `pointer-events="none"/>` + (i % every ? "" : text(at + wide / 2, height - BOTTOM + 15, first + i, "middle"));
    });
    const scale = text(LEFT - 5, TOP + 10, `${((100 * most) / total).toFixed(0)} %`, "end");
    return frame(parts.join("") + scale + title(xTitle, height), height, summary, "");
  }

  const frame = (body, height, summary, area) =>
    `<svg viewBox="0 0 ${WIDTH} ${height}" role="img"${area} aria-label="${escaped(summary)}">${body}</svg>`;
  const text = (x, y, words, anchor) =>
    `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="11" fill="currentColor">${escaped(String(words))}</text>`;
  const title = (words, height = HEIGHT) =>
    `<text x="${(LEFT + WIDTH) / 2}" y="${height - 6}" text-anchor="middle" font-size="12" fill="currentColor">${told(words)}</text>`;
  const side = (words) =>
    `<text x="12" y="${HEIGHT / 2}" text-anchor="middle" font-size="12" fill="currentColor" ` +
    `transform="rotate(-90 12 ${HEIGHT / 2})">${told(words)}</text>`;

  const escaped = (words) => words.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

  /** The explanation of the longest term that the words begin with, as `views/terms.py`. */
  function meaning(words) {
    const known = Object.keys(window.sdqvizTerms).filter((t) =>
      words.startsWith(t) && !/^\p{L}/u.test(words.slice(t.length)));
    return window.sdqvizTerms[known.reduce((a, b) => (b.length > a.length ? b : a), "")] ?? "";
  }

  /** Words as HTML with their meaning on hover. */
  const term = (words) => (meaning(words)
    ? `<abbr class="sdq-term" title="${escaped(meaning(words))}">${escaped(words)}</abbr>` : escaped(words));

  /** The same inside an svg's text. */
  const told = (words) =>
    escaped(words) + (meaning(words) ? `<title>${escaped(meaning(words))}</title>` : "");

  /** A value of a column ({digits}) as text. */
  window.sdqviz.figure = (value, column) => {
    if (value === null || value === undefined) return "";
    if (typeof value !== "number") return String(value);
    return column.digits ? value.toPrecision(column.digits) : value.toLocaleString("en");
  };
  window.sdqviz.charts = { lines, bars, term, told, escaped };
})();
