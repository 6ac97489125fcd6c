// The values entering a layer, drawn in six ways. Each takes a picture to draw, `p`: {doc, axis
// (ValueAxis), row (the cursor's), height (count -> height), heights (its name), fp and student
// (rows of counts; student is null where only calibration's were kept), which}, and gives HTML.
(() => {
  const { charts, histogramAxes } = window.sdqviz;
  const { term, escaped } = charts;
  const { plot, CallAxis, frame, legend, named, text, quantile } = histogramAxes;
  const BLUE = "var(--sdq-blue)";
  const ORANGE = "var(--sdq-orange)";
  const EARLY = "#CC79A7"; // Okabe and Ito's purple: the first calls, towards blue, the last
  const TIME = "timestep (sampling runs to the right)";

  const swatch = (style, words) => `<i style="${style}"></i>${words}`;
  const about = ({ doc, student, heights }) =>
    `FP values of ${student ? "a held-out scene" : "calibration"} (${heights} heights)`;
  const endsTold = () => swatch(`border-left:3px solid ${ORANGE};height:12px;width:0`, term("ends of the range"));
  const most = (p) => Math.max(1e-9, ...[...p.fp, ...(p.student ?? [])].map((row) => p.height(Math.max(...row))));
  const ends = (p, row, top, bottom) => p.doc.ranges[row].map((end) =>
    `<line x1="${p.axis.x(end)}" x2="${p.axis.x(end)}" y1="${top}" y2="${bottom}" stroke="${ORANGE}" stroke-width="2.4"/>`).join("");
  /** The outline of a row's bars over `base`, `tall` high at its most. */
  const outline = (p, counts, base, tall, top) => counts.flatMap((n, i) => {
    const y = (base - (tall * p.height(n)) / top).toFixed(1);
    return [`${p.axis.x(p.doc.edges[i]).toFixed(1)},${y}`, `${p.axis.x(p.doc.edges[i + 1]).toFixed(1)},${y}`];
  }).join(" ");
  const when = (p, r, y) => (r % Math.max(1, Math.round(p.fp.length / 9)) ? ""
    : text(plot.left - 5, y, "end", named(p.doc.timesteps[r])));

  /** The cursor's timestep: bars of FP, a line of the quantized model, the grid of codes, the clipped. */
  function here(p) {
    const { doc, axis, row } = p;
    const top = most(p);
    const bars = p.fp[row].map((n, i) => {
      const tall = (plot.tall * p.height(n)) / top;
      const [from, to] = [axis.x(doc.edges[i]), axis.x(doc.edges[i + 1])];
      return `<rect x="${from}" width="${Math.max(0.5, to - from - 0.5)}" y="${plot.floor - tall}" height="${tall}" fill="${BLUE}">` +
        `<title>${doc.edges[i].toPrecision(3)} to ${doc.edges[i + 1].toPrecision(3)}: ${n}</title></rect>`;
    });
    const line = p.student
      ? `<polyline points="${outline(p, p.student[row], plot.floor, plot.tall, top)}" fill="none" stroke="currentColor" stroke-width="1.4"/>` : "";
    const [grid, every] = codes(p);
    const body = bars.join("") + line + clipped(p) + ends(p, row, plot.top, plot.floor) + grid + axis.under(plot.floor);
    return frame(body, plot.height, doc.x_title, `values entering ${doc.layer}`) + legend(
      swatch(`border-top:8px solid ${BLUE}`, about(p)),
      p.student && swatch("border-top:2px solid currentColor", `${escaped(doc.label)} on the same latents; the end bins hold what lies beyond`),
      endsTold(),
      swatch(`border-top:6px dotted ${ORANGE}`, term(every === 1 ? "codes" : `codes, each ${every}th`)),
      swatch(`border-top:10px solid ${ORANGE};opacity:.2`, term("clipped")));
  }

  /** What lies beyond the ends of the range. */
  function clipped({ doc, axis, row }) {
    const [low, high] = doc.ranges[row];
    return [[axis.low, low], [high, axis.high]].filter(([from, to]) => axis.x(to) > axis.x(from)).map(([from, to]) =>
      `<rect x="${axis.x(from)}" width="${axis.x(to) - axis.x(from)}" y="${plot.top}" height="${plot.tall}" ` +
      `fill="${ORANGE}" fill-opacity="0.12"/>`).join("");
  }

  /** The values that codes stand for, as ticks on the axis; the zero point's is longer. */
  function codes({ doc, axis, row }) {
    const [low, high] = doc.ranges[row];
    const last = 2 ** doc.bits - 1;
    const step = (high - low) / last;
    const room = (plot.wide * step) / (axis.high - axis.low);
    const every = [1, 2, 4, 8, 16, 32].find((n) => n * room >= 3) ?? 64;
    const zero = Math.round(-low / step);
    const ticks = [];
    for (let code = 0; code <= last; code++) {
      const value = low + code * step;
      if ((code % every && code !== zero) || value < axis.low || value > axis.high) continue;
      ticks.push(`<path d="M${axis.x(value)} ${plot.floor}v${code === zero ? 9 : 4}" stroke="${ORANGE}"${
        code === zero ? ' stroke-width="2.4"' : ""}><title>code ${code}: ${value.toPrecision(3)}</title></path>`);
    }
    return [ticks.join(""), every];
  }

  /** All timesteps over each other, the cursor's in front. */
  function overlay(p) {
    const { doc, axis, row } = p;
    const top = most(p);
    const colour = (r) => `color-mix(in oklab, ${BLUE} ${Math.round((100 * r) / Math.max(1, p.fp.length - 1))}%, ${EARLY})`;
    const lines = p.fp.map((counts, r) =>
      `<polyline points="${outline(p, counts, plot.floor, plot.tall, top)}" fill="none" stroke="${colour(r)}" ` +
      `stroke-width="1.2" stroke-opacity="0.7" data-row="${r}"/>`);
    const points = outline(p, p.fp[row], plot.floor, plot.tall, top);
    const front = `<polyline points="${points}" fill="none" stroke="currentColor" stroke-width="2.4"/>`;
    const other = p.student ? `<polyline points="${outline(p, p.student[row], plot.floor, plot.tall, top)}" ` +
      `fill="none" stroke="${ORANGE}" stroke-width="1.4" stroke-dasharray="4 3"/>` : "";
    const body = lines.join("") + front + other + ends(p, row, plot.top, plot.floor) + axis.under(plot.floor);
    return frame(body, plot.height, doc.x_title, `the values entering ${doc.layer}, all timesteps over each other`) + legend(
      swatch(`height:8px;width:60px;background:linear-gradient(90deg in oklab, ${EARLY}, ${BLUE})`,
        `t = ${named(doc.timesteps[0])} to ${named(doc.timesteps.at(-1))}: ${about(p)}`),
      swatch("border-top:3px solid currentColor", "FP at the cursor"),
      p.student && swatch(`border-top:2px dashed ${ORANGE}`, `${escaped(doc.label)} at the cursor`),
      endsTold());
  }

  /** One histogram a timestep, each below the one before it. */
  function ridges(p) {
    const { doc, axis } = p;
    const top = most(p);
    const [step, tall] = [13, 34];
    const parts = p.fp.map((counts, r) => {
      const base = plot.top + tall + step * r;
      const shape = `${axis.x(axis.low)},${base} ${outline(p, counts, base, tall, top)} ${axis.x(axis.high)},${base}`;
      const line = p.student ? `<polyline points="${outline(p, p.student[r], base, tall, top)}" fill="none" ` +
        `stroke="currentColor" stroke-width="0.8" stroke-opacity="0.8" pointer-events="none"/>` : "";
      return `<polygon points="${shape}" fill="${BLUE}" fill-opacity="${r === p.row ? 0.9 : 0.35}" stroke="${BLUE}" ` +
        `stroke-width="0.6" data-row="${r}"/>` + line + ends(p, r, base - 9, base) + when(p, r, base + 3);
    });
    const floor = plot.top + tall + step * (p.fp.length - 1);
    return frame(parts.join("") + axis.under(floor), floor + plot.bottom, doc.x_title,
      `the values entering ${doc.layer}, one histogram a timestep`) + legend(
      swatch(`border-top:8px solid ${BLUE};opacity:.5`, about(p)),
      p.student && swatch("border-top:1px solid currentColor", `${escaped(doc.label)} on the same latents`),
      endsTold());
  }

  /** A row of cells for each timestep: one model's counts, or how they differ. */
  function heat(p) {
    const { doc, axis, which } = p;
    const top = most(p);
    const tall = Math.max(6, Math.min(16, 200 / p.fp.length));
    const floor = plot.top + tall * p.fp.length;
    const shown = p.student && which !== "fp" ? p.student : p.fp;
    const differs = p.student && which === "difference";
    const parts = shown.map((counts, r) => {
      const y = plot.top + r * tall;
      const cells = counts.map((n, i) => {
        const [value, other] = [n, differs ? p.fp[r][i] : 0];
        if (value === other) return "";
        const opacity = (0.06 + (0.94 * p.height(Math.abs(value - other))) / top).toFixed(3);
        const said = differs ? `${value - other > 0 ? "+" : ""}${value - other}` : value;
        return `<rect x="${axis.x(doc.edges[i])}" y="${y}" width="${axis.x(doc.edges[i + 1]) - axis.x(doc.edges[i]) + 0.3}" ` +
          `height="${tall}" fill="${value > other && differs ? ORANGE : BLUE}" fill-opacity="${opacity}"><title>t = ${
            named(doc.timesteps[r])}, ${doc.edges[i].toPrecision(3)} to ${doc.edges[i + 1].toPrecision(3)}: ${said}</title></rect>`;
      });
      const marks = doc.ranges[r].map((end) =>
        `<rect x="${axis.x(end) - 1.2}" y="${y}" width="2.4" height="${tall}" fill="${differs ? "currentColor" : ORANGE}"/>`);
      const chosen = r === p.row
        ? `<rect x="${plot.left}" y="${y}" width="${plot.wide}" height="${tall}" fill="none" stroke="currentColor"/>` : "";
      return cells.join("") + marks.join("") + chosen + when(p, r, y + tall / 2 + 4);
    });
    const told = differs
      ? [swatch(`border-top:8px solid ${ORANGE}`, `more in ${escaped(doc.label)}`), swatch(`border-top:8px solid ${BLUE}`, `more in FP (${p.heights}, the scale of the other maps)`)]
      : [swatch(`border-top:8px solid ${BLUE}`, `more ${which === "student" && p.student ? `${escaped(doc.label)} values` : about(p).replace(/ \(.*/, "")}, stronger (${p.heights})`)];
    return frame(parts.join("") + axis.under(floor), floor + plot.bottom, doc.x_title,
      `heatmap of the values entering ${doc.layer} over the timesteps`) + legend(...told,
      differs ? swatch("border-left:3px solid currentColor;height:12px;width:0", term("ends of the range")) : endsTold());
  }

  /** Percentiles within the bins, over the calls from noise to picture. */
  function bands(p) {
    const { doc, axis } = p;
    const calls = new CallAxis(doc.timesteps, p.row);
    const parts = (rows) => rows.map((row) => [0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999].map((q) => quantile(row, doc.edges, q)));
    const at = parts(p.fp);
    const band = (a, b, opacity) => {
      const there = at.map((q, i) => `${calls.x(i)},${axis.y(q[a])}`);
      const back = at.map((q, i) => `${calls.x(i)},${axis.y(q[b])}`).reverse();
      return `<path d="M${[...there, ...back].join("L")}Z" fill="${BLUE}" fill-opacity="${opacity}"/>`;
    };
    const line = (values, colour, dash, wide = 2) => `<polyline fill="none" stroke="${colour}" stroke-width="${wide}" ${dash} points="${
      values.map((v, i) => `${calls.x(i)},${axis.y(v)}`).join(" ")}"/>`;
    const theirs = p.student ? parts(p.student) : null;
    const body = band(0, 6, 0.18) + band(1, 5, 0.25) + band(2, 4, 0.35) + line(at.map((q) => q[3]), BLUE, "") +
      (theirs ? [0, 3, 6].map((k) => line(theirs.map((q) => q[k]), "currentColor", "", 1)).join("") : "") +
      [0, 1].map((end) => line(doc.ranges.map((r) => r[end]), ORANGE, 'stroke-dasharray="5 3"')).join("") +
      calls.under() + axis.beside();
    return frame(body, plot.height, TIME, `percentile bands of the values entering ${doc.layer}`) + legend(
      swatch(`border-top:8px solid ${BLUE};opacity:.6`, `50, 90 and 99.8 % and the median of the ${about(p).replace(/ \(.*/, "")}`),
      theirs && swatch("border-top:1px solid currentColor", `median and ends of the 99.8 % of ${escaped(doc.label)}`),
      swatch(`border-top:3px dashed ${ORANGE}`, term("ends of the range at each timestep")));
  }

  /** The distance between two codes at each timestep, and what it was before training. */
  function steps(p) {
    const { doc } = p;
    const calls = new CallAxis(doc.timesteps, p.row);
    const sizes = (all) => all.map(([low, high]) => (high - low) / (2 ** doc.bits - 1));
    const [now, before] = [sizes(doc.ranges), doc.initial && sizes(doc.initial)];
    const top = Math.max(...now, ...(before ?? [])) * 1.05;
    const y = (v) => plot.top + plot.tall * (1 - v / top);
    const line = (values, colour, dash) =>
      `<polyline fill="none" stroke="${colour}" stroke-width="2.2" ${dash} points="${
        values.map((v, i) => `${calls.x(i)},${y(v)}`).join(" ")}"/>`;
    const grid = [0, 0.25, 0.5, 0.75, 1].map((share) =>
      `<line x1="${plot.left}" x2="${plot.width - plot.right}" y1="${y(share * top)}" y2="${y(share * top)}" ` +
      `stroke="currentColor" stroke-opacity="0.15"/>` + text(plot.left - 5, y(share * top) + 4, "end", +(share * top).toPrecision(2)));
    const body = grid.join("") + (before ? line(before, BLUE, 'stroke-dasharray="5 3"') : "") + line(now, ORANGE, "") + calls.under();
    return frame(body, plot.height, TIME, `activation scale of ${doc.layer} over the timesteps`) + legend(
      swatch(`border-top:3px solid ${ORANGE}`, term(before ? "learned scale (one code's step)" : "scale (one code's step)")),
      before && swatch(`border-top:3px dashed ${BLUE}`, term("as calibrated, before training")));
  }

  // name, title, draw, whether it has heights of counts, whether its values run along an axis
  window.sdqviz.histogramViews = [
    { name: "here", title: "At the cursor", draw: here, heights: true, values: true },
    { name: "overlay", title: "Overlay", draw: overlay, heights: true, values: true },
    { name: "all", title: "Ridgeline", draw: ridges, heights: true, values: true },
    { name: "heat", title: "Heatmap", draw: heat, heights: true, values: true, models: true },
    { name: "bands", title: "Bands", draw: bands, values: true },
    { name: "steps", title: "Scales", draw: steps },
  ];
})();
