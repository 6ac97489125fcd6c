// The values entering one layer: at the cursor's timestep, or over all of them.
(() => {
  const { kinds, node, cursor, layer, charts } = window.sdqviz;
  const { term, told, escaped } = charts;
  const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [480, 220, 44, 8, 10, 40];
  const BLUE = "var(--sdq-blue)";
  const ORANGE = "var(--sdq-orange)";
  const VIEWS = [["here", "At the cursor"], ["all", "Ridgeline"], ["heat", "Heatmap"], ["bands", "Bands"],
    ["steps", "Scales"]];
  const SCALES = { "√": Math.sqrt, linear: (n) => n, log: (n) => Math.log10(1 + n) };

  class Histogram {
    constructor(element) {
      this.view = "here";
      this.scale = "√";
      this.buttons = VIEWS.map(([name, title]) =>
        node("button", { type: "button", "data-view": name, onclick: () => this.#choose(name) }, title));
      this.scales = node("select", { "aria-label": "height scale", onchange: () => {
        this.scale = this.scales.value;
        this.#draw();
      } }, ...Object.keys(SCALES).map((name) => node("option", { value: name }, name)));
      this.plot = node("div", { class: "sdqh-plot" });
      this.words = node("p", { class: "sdqt-values" });
      this.root = node("div", { class: "sdqv sdqh", hidden: true },
        node("div", { class: "sdqv-bar", role: "group", "aria-label": "histogram view" },
          ...this.buttons, this.scales), this.plot, this.words);
      element.append(this.root);
      this.plot.addEventListener("click", (event) => this.#pick(event));
      cursor.follow(() => this.#draw());
    }

    /** doc: {layer, timesteps (null: any), edges, counts (calibration's), ranges,
        initial (ranges before training, or null), bits, x_title, label, pair: {fp, student} counts of a held-out scene, or null}, or null. */
    show(doc) {
      this.doc = doc;
      this.root.hidden = !doc;
      if (!doc) return;
      layer.answer(doc.layer);
      this.#draw();
    }

    #choose(view) {
      this.view = view;
      this.#draw();
    }

    /** The row of the cursor's timestep; the nearest where the layer has none of its own. */
    get row() {
      return cursor.nearest(this.doc.timesteps);
    }

    #draw() {
      if (!this.doc || !cursor.timesteps.length) return;
      const single = this.doc.timesteps.length === 1; // one range for any timestep: nothing moves
      const view = single ? "here" : this.view;
      for (const b of this.buttons) {
        b.setAttribute("aria-pressed", b.dataset.view === view);
        b.disabled = single && b.dataset.view !== "here";
      }
      this.scales.hidden = ["bands", "steps"].includes(view);
      if (view === "all") this.plot.innerHTML = this.#ridges();
      else if (view === "here") this.plot.innerHTML = this.#here();
      else if (view === "heat") this.plot.innerHTML = this.#heat();
      else if (view === "bands") this.plot.innerHTML = this.#bands();
      else this.plot.innerHTML = this.#steps();
      this.#tell();
    }

    #tell() {
      const { counts, edges, ranges, timesteps, bits } = this.doc;
      const row = this.row;
      const when = timesteps[row] === null ? "at any t" : `at t = ${named(timesteps[row])}`;
      const [low, high] = ranges[row];
      const total = counts[row].reduce((a, b) => a + b, 0);
      const step = (high - low) / (2 ** bits - 1);
      // A bin counts as clipped by the share of it that lies outside.
      let [below, above] = [0, 0];
      counts[row].forEach((n, i) => {
        const [from, to] = [edges[i], edges[i + 1]];
        // Half a step beyond the ends still rounds to them.
        const share = (a, b) => (n * Math.max(0, Math.min(b, to) - Math.max(a, from))) / (to - from);
        below += share(-Infinity, low - step / 2);
        above += share(high + step / 2, Infinity);
      });
      const percent = (n) => ((100 * n) / Math.max(1, total)).toFixed(2);
      this.words.textContent = `${when}: ${bits}-bit range ${low.toPrecision(3)} to ` +
        `${high.toPrecision(3)}, step ${step.toPrecision(2)}, in calibration about ` +
        `${percent(below + above)} % of the values clipped: ${percent(below)} % below, ${percent(above)} % above`;
    }

    get #x() {
      const { edges } = this.doc;
      const [low, high] = [edges[0], edges[edges.length - 1]];
      return (v) => LEFT + ((WIDTH - LEFT - RIGHT) * (Math.min(Math.max(v, low), high) - low)) / (high - low);
    }

    /** Bars of the FP model's values; the quantized model's as a line, where they were recorded. */
    #here() {
      const { edges, ranges, pair, label } = this.doc;
      const counts = pair ? pair.fp : this.doc.counts;
      const height = SCALES[this.scale];
      const most = Math.max(1, ...counts.map((row) => height(Math.max(...row))));
      const x = this.#x;
      const room = HEIGHT - TOP - BOTTOM;
      const top = (n) => HEIGHT - BOTTOM - (room * Math.min(height(n), most)) / most;
      const outline = pair && pair.student[this.row].flatMap((n, i) =>
        [`${x(edges[i])},${top(n)}`, `${x(edges[i + 1])},${top(n)}`]).join(" ");
      const line = outline
        ? `<polyline points="${outline}" fill="none" stroke="currentColor" stroke-width="1.4"/>` : "";
      const bars = counts[this.row].map((n, i) => {
        const tall = (room * height(n)) / most;
        return `<rect x="${x(edges[i])}" width="${Math.max(0.5, x(edges[i + 1]) - x(edges[i]) - 0.5)}" ` +
          `y="${HEIGHT - BOTTOM - tall}" height="${tall}" fill="${BLUE}"><title>${
            edges[i].toPrecision(3)} to ${edges[i + 1].toPrecision(3)}: ${n}</title></rect>`;
      });
      const ends = ranges[this.row].map((end) =>
        `<line x1="${x(end)}" x2="${x(end)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" stroke="${ORANGE}" stroke-width="2.4"/>`);
      const [grid, every] = this.#grid();
      return this.#frame(bars.join("") + line + this.#clipped() + ends.join("") + grid, HEIGHT, true,
        `values entering ${this.doc.layer}`) + legend(
        `<i style="border-top:8px solid ${BLUE}"></i>FP values of ${pair ? "a held-out scene" : "calibration"} (${this.scale} heights)`,
        ...(pair ? [`<i style="border-top:2px solid currentColor"></i>${escaped(label)} on the same latents; the end bins hold what lies beyond`] : []),
        `<i style="border-left:3px solid ${ORANGE};height:12px;width:0"></i>${term("ends of the range")}`,
        `<i style="border-top:6px dotted ${ORANGE}"></i>${term(every === 1 ? "codes" : `codes, each ${every}th`)}`,
        `<i style="border-top:10px solid ${ORANGE};opacity:.2"></i>${term("clipped")}`);
    }

    /** What lies beyond the ends of the range. */
    #clipped() {
      const { edges, ranges } = this.doc;
      const x = this.#x;
      const [low, high] = ranges[this.row];
      return [[edges[0], low], [high, edges.at(-1)]].filter(([from, to]) => x(to) > x(from)).map(([from, to]) =>
        `<rect x="${x(from)}" width="${x(to) - x(from)}" y="${TOP}" height="${HEIGHT - TOP - BOTTOM}" ` +
        `fill="${ORANGE}" fill-opacity="0.12"/>`).join("");
    }

    /** The values that codes stand for, as ticks on the axis; the zero point's is longer. */
    #grid() {
      const { edges, ranges, bits } = this.doc;
      const x = this.#x;
      const [low, high] = ranges[this.row];
      const most = 2 ** bits - 1;
      const step = (high - low) / most;
      const room = ((WIDTH - LEFT - RIGHT) * step) / (edges.at(-1) - edges[0]);
      const every = [1, 2, 4, 8, 16, 32].find((n) => n * room >= 3) ?? 64;
      const zero = Math.round(-low / step);
      const ticks = [];
      for (let code = 0; code <= most; code++) {
        const value = low + code * step;
        if ((code % every && code !== zero) || value < edges[0] || value > edges.at(-1)) continue;
        const tall = code === zero ? 9 : 4;
        ticks.push(`<path d="M${x(value)} ${HEIGHT - BOTTOM}v${tall}" stroke="${ORANGE}"${
          code === zero ? ' stroke-width="2.4"' : ""}><title>code ${code}: ${value.toPrecision(3)}</title></path>`);
      }
      return [ticks.join(""), every];
    }

    #ridges() {
      const { counts, edges, timesteps, ranges } = this.doc;
      const height = SCALES[this.scale];
      const most = Math.max(...counts.map((row) => height(Math.max(...row))));
      const [step, tall] = [13, 34];
      const x = this.#x;
      const parts = counts.map((row, r) => {
        const base = TOP + tall + step * r;
        const outline = row.map((n, i) =>
          `${x((edges[i] + edges[i + 1]) / 2).toFixed(1)},${(base - (tall * height(n)) / most).toFixed(1)}`);
        const ends = ranges[r].map((end) =>
          `<line x1="${x(end)}" x2="${x(end)}" y1="${base}" y2="${base - 9}" stroke="${ORANGE}" stroke-width="2.4"/>`);
        return `<polygon points="${x(edges[0])},${base} ${outline.join(" ")} ${x(edges[edges.length - 1])},${base}" ` +
          `fill="${BLUE}" fill-opacity="${r === this.row ? 0.9 : 0.35}" stroke="${BLUE}"/>` +
          ends.join("") + this.#when(r, base + 3, timesteps, counts.length);
      });
      return this.#frame(parts.join(""), TOP + tall + step * counts.length + BOTTOM, true,
        `the values entering ${this.doc.layer}, one histogram a timestep`) + legend(
        `<i style="border-top:8px solid ${BLUE};opacity:.5"></i>FP values of calibration (${this.scale} heights)`,
        `<i style="border-left:3px solid ${ORANGE};height:12px;width:0"></i>${term("ends of the range")}`);
    }

    #heat() {
      const { counts, edges, timesteps, ranges } = this.doc;
      const height = SCALES[this.scale];
      const most = Math.max(...counts.map((row) => height(Math.max(...row))));
      const tall = Math.max(6, Math.min(16, 200 / counts.length));
      const x = this.#x;
      const bottom = TOP + tall * counts.length;
      const parts = counts.map((row, r) => {
        const y = TOP + r * tall;
        const cells = row.map((n, i) => n === 0 ? "" :
          `<rect x="${x(edges[i])}" y="${y}" width="${x(edges[i + 1]) - x(edges[i]) + 0.3}" height="${tall}" ` +
          `fill="${BLUE}" fill-opacity="${(0.06 + (0.94 * height(n)) / most).toFixed(3)}"/>`);
        const ends = ranges[r].map((end) =>
          `<rect x="${x(end) - 1.2}" y="${y}" width="2.4" height="${tall}" fill="${ORANGE}"/>`);
        const frame = r === this.row
          ? `<rect x="${LEFT}" y="${y}" width="${WIDTH - LEFT - RIGHT}" height="${tall}" fill="none" stroke="currentColor"/>` : "";
        return cells.join("") + ends.join("") + frame + this.#when(r, y + tall / 2 + 4, timesteps, counts.length);
      });
      return this.#frame(parts.join(""), bottom + BOTTOM, true,
        `heatmap of the values entering ${this.doc.layer} over the timesteps`) + legend(
        `<i style="border-top:8px solid ${BLUE}"></i>more values, darker (${this.scale})`,
        `<i style="border-left:3px solid ${ORANGE};height:12px;width:0"></i>${term("ends of the range")}`);
    }

    #when(r, y, timesteps, count) {
      if (r % Math.max(1, Math.round(count / 9))) return "";
      return `<text x="${LEFT - 5}" y="${y}" text-anchor="end" font-size="11" fill="currentColor">${named(timesteps[r])}</text>`;
    }

    #bands() {
      // Percentiles within the bins, over the calls from noise to picture.
      const { counts, edges, ranges } = this.doc;
      const [low, high] = [edges[0], edges[edges.length - 1]];
      const y = (v) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - (Math.min(Math.max(v, low), high) - low) / (high - low));
      const x = (i) => LEFT + ((WIDTH - LEFT - RIGHT) * i) / Math.max(1, counts.length - 1);
      const at = counts.map((row) => [0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999].map((q) => quantile(row, edges, q)));
      const band = (a, b, opacity) => {
        const there = at.map((q, i) => `${x(i)},${y(q[a])}`);
        const back = at.map((q, i) => `${x(i)},${y(q[b])}`).reverse();
        return `<path d="M${[...there, ...back].join("L")}Z" fill="${BLUE}" fill-opacity="${opacity}"/>`;
      };
      const line = (values, colour, dash) => `<polyline fill="none" stroke="${colour}" stroke-width="2" ${dash} points="${
        values.map((v, i) => `${x(i)},${y(v)}`).join(" ")}"/>`;
      const marks = [low, 0, high].filter((v, i) => i !== 1 || (low < 0 && high > 0)).map((v) =>
        `<text x="${LEFT - 5}" y="${y(v) + 4}" text-anchor="end" font-size="11" fill="currentColor">${+v.toPrecision(3)}</text>`);
      const body = band(0, 6, 0.18) + band(1, 5, 0.25) + band(2, 4, 0.35) + line(at.map((q) => q[3]), BLUE, "") +
        line(ranges.map((r) => r[0]), ORANGE, 'stroke-dasharray="5 3"') +
        line(ranges.map((r) => r[1]), ORANGE, 'stroke-dasharray="5 3"') + this.#calls(x) + marks.join("");
      return this.#frame(body, HEIGHT, false, `percentile bands of the values entering ${this.doc.layer}`) + legend(
        `<i style="border-top:8px solid ${BLUE};opacity:.6"></i>50, 90 and 99.8 % of the values`,
        `<i style="border-top:3px dashed ${ORANGE}"></i>${term("ends of the range at each timestep")}`);
    }

    /** Timesteps under a plot with the calls from left to right, and the cursor in it. */
    #calls(x) {
      const { timesteps } = this.doc;
      const names = timesteps.map((t, i) => i % Math.max(1, Math.round(timesteps.length / 7)) ? "" :
        `<text x="${x(i)}" y="${HEIGHT - BOTTOM + 15}" text-anchor="middle" font-size="11" fill="currentColor">${named(t)}</text>`);
      const here = x(this.row);
      return names.join("") +
        `<line x1="${here}" x2="${here}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" class="sdqt-line"/>`;
    }

    /** The distance between two codes at each timestep, and what it was before training. */
    #steps() {
      const { ranges, initial, bits } = this.doc;
      const sizes = (all) => all.map(([low, high]) => (high - low) / (2 ** bits - 1));
      const [now, before] = [sizes(ranges), initial && sizes(initial)];
      const top = Math.max(...now, ...(before ?? [])) * 1.05;
      const y = (v) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - v / top);
      const x = (i) => LEFT + ((WIDTH - LEFT - RIGHT) * i) / Math.max(1, now.length - 1);
      const line = (values, colour, dash) =>
        `<polyline fill="none" stroke="${colour}" stroke-width="2.2" ${dash} points="${
          values.map((v, i) => `${x(i)},${y(v)}`).join(" ")}"/>`;
      const grid = [0, 0.25, 0.5, 0.75, 1].map((share) =>
        `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(share * top)}" y2="${y(share * top)}" ` +
        `stroke="currentColor" stroke-opacity="0.15"/><text x="${LEFT - 5}" y="${y(share * top) + 4}" ` +
        `text-anchor="end" font-size="11" fill="currentColor">${+(share * top).toPrecision(2)}</text>`);
      const body = grid.join("") + (before ? line(before, BLUE, 'stroke-dasharray="5 3"') : "") +
        line(now, ORANGE, "") + this.#calls(x);
      return this.#frame(body, HEIGHT, false, `activation scale of ${this.doc.layer} over the timesteps`) + legend(
        `<i style="border-top:3px solid ${ORANGE}"></i>${term(before ? "learned scale (one code's step)" : "scale (one code's step)")}`,
        ...(before ? [`<i style="border-top:3px dashed ${BLUE}"></i>${term("as calibrated, before training")}`] : []));
    }

    #frame(body, height, valueAxis, summary) {
      const { edges, x_title: title } = this.doc;
      const x = this.#x;
      const axis = valueAxis ? [0, 0.25, 0.5, 0.75, 1].map((share) => {
        const v = edges[0] + share * (edges[edges.length - 1] - edges[0]);
        return `<text x="${x(v)}" y="${height - BOTTOM + 19}" font-size="11" fill="currentColor" text-anchor="${
          share === 1 ? "end" : "middle"}">${+v.toPrecision(3)}</text>`;
      }).join("") : "";
      const name = valueAxis ? title : "timestep (sampling runs to the right)";
      return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(summary)}">${body}${axis}` +
        `<text x="${(LEFT + WIDTH) / 2}" y="${height - 6}" text-anchor="middle" font-size="12" fill="currentColor">${
          told(name)}</text></svg>`;
    }

    /** A click on a row or a column of all timesteps moves the cursor there. */
    #pick(event) {
      const { timesteps } = this.doc;
      const svg = event.target.closest("svg");
      if (!svg || this.view === "here") return;
      const edge = svg.getBoundingClientRect();
      const scale = svg.viewBox.baseVal.width / edge.width;
      let row;
      if (this.view === "heat") {
        const tall = (svg.viewBox.baseVal.height - TOP - BOTTOM) / timesteps.length;
        row = Math.floor(((event.clientY - edge.top) * scale - TOP) / tall);
      } else if (this.view === "bands" || this.view === "steps") {
        const share = ((event.clientX - edge.left) * scale - LEFT) / (WIDTH - LEFT - RIGHT);
        row = Math.round(share * (timesteps.length - 1));
      } else row = [...svg.querySelectorAll("polygon")].indexOf(event.target);
      const index = cursor.timesteps.indexOf(timesteps[row]);
      if (index >= 0) cursor.set(index);
    }
  }

  function quantile(counts, edges, q) {
    let left = q * counts.reduce((a, b) => a + b, 0);
    for (let i = 0; i < counts.length; i++) {
      if (counts[i] >= left && counts[i]) return edges[i] + ((edges[i + 1] - edges[i]) * left) / counts[i];
      left -= counts[i];
    }
    return edges[edges.length - 1];
  }

  const named = (t) => (t === null ? "any t" : `${+t.toFixed(1)}`);
  const legend = (...items) =>
    `<div class="sdq-legend">${items.map((item) => `<span>${item}</span>`).join("")}</div>`;
  kinds.histogram = (element) => new Histogram(element);
})();
