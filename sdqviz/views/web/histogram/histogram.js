// The values entering one layer: at the cursor's timestep, or over all of them.
(() => {
  const { kinds, node, cursor, layer, address, CursorSlider, histogramAxes, histogramViews } = window.sdqviz;
  const { plot, VALUE_SCALES, HEIGHT_SCALES, ValueAxis, named } = histogramAxes;

  class Histogram {
    constructor(element) {
      const asked = address.get("histogram");
      this.view = histogramViews.find((v) => v.name === asked) ?? histogramViews[0];
      this.buttons = histogramViews.map((view) =>
        node("button", { type: "button", "data-view": view.name, onclick: () => this.#choose(view) }, view.title));
      const select = (label, names) => node("select", { "aria-label": label, title: label, onchange: () => this.#draw() },
        ...names.map(([value, title]) => node("option", { value }, title)));
      this.heights = select("height scale", Object.keys(HEIGHT_SCALES).map((name) => [name, `${name} heights`]));
      this.values = select("value scale", Object.keys(VALUE_SCALES).map((name) => [name, `${name} values`]));
      this.which = select("whose values", [["fp", "FP"], ["student", ""], ["difference", ""]]);
      this.slider = new CursorSlider("timestep of the histogram");
      this.plot = node("div", { class: "sdqh-plot" });
      this.words = node("p", { class: "sdqt-values" });
      this.root = node("div", { class: "sdqv sdqh", hidden: true },
        node("div", { class: "sdqv-bar", role: "group", "aria-label": "histogram view" },
          ...this.buttons, this.heights, this.values, this.which),
        this.slider.root, this.plot, this.words);
      element.append(this.root);
      this.plot.addEventListener("click", (event) => this.#pick(event));
      cursor.follow(() => this.#draw());
    }

    /** doc: {layer, timesteps (null: any), edges, counts (calibration's), ranges, initial (ranges
        before training, or null), bits, x_title, label, pair: {fp, student} counts of a held-out
        scene, or null}, or null. */
    show(doc) {
      this.doc = doc;
      this.root.hidden = !doc;
      if (!doc) return;
      const [, student, difference] = this.which.options;
      [student.text, difference.text] = [doc.label, `${doc.label} − FP`];
      layer.answer(doc.layer);
      this.#draw();
    }

    #choose(view) {
      this.view = view;
      address.set({ histogram: view === histogramViews[0] ? null : view.name });
      this.#draw();
    }

    /** The row of the cursor's timestep; the nearest where the layer has none of its own. */
    get row() {
      return cursor.nearest(this.doc.timesteps);
    }

    #draw() {
      if (!this.doc || !cursor.timesteps.length) return;
      const { doc } = this;
      const single = doc.timesteps.length === 1; // one range for any timestep: nothing moves
      const view = single ? histogramViews[0] : this.view;
      for (const b of this.buttons) {
        b.setAttribute("aria-pressed", b.dataset.view === view.name);
        b.disabled = single && b.dataset.view !== "here";
      }
      this.slider.root.hidden = single;
      this.heights.hidden = !view.heights;
      this.values.hidden = !view.values;
      this.which.hidden = !(view.models && doc.pair);
      this.drawn = view;
      this.plot.innerHTML = view.draw({
        doc,
        axis: new ValueAxis(doc.edges, this.values.value),
        row: this.row,
        height: HEIGHT_SCALES[this.heights.value],
        heights: this.heights.value,
        fp: doc.pair ? doc.pair.fp : doc.counts,
        student: doc.pair ? doc.pair.student : null,
        which: this.which.value,
      });
      this.slider.move();
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

    /** A click on a row or a column of all timesteps moves the cursor there. */
    #pick(event) {
      const svg = event.target.closest("svg");
      const { name } = this.drawn;
      if (!svg || name === "here") return;
      const { timesteps } = this.doc;
      const edge = svg.getBoundingClientRect();
      const scale = svg.viewBox.baseVal.width / edge.width;
      let row = event.target.dataset.row; // of a ridge or a line of the overlay
      if (name === "heat") {
        const tall = (svg.viewBox.baseVal.height - plot.top - plot.bottom) / timesteps.length;
        row = Math.floor(((event.clientY - edge.top) * scale - plot.top) / tall);
      } else if (name === "bands" || name === "steps") {
        const share = ((event.clientX - edge.left) * scale - plot.left) / plot.wide;
        row = Math.round(share * (timesteps.length - 1));
      }
      if (timesteps[row] !== undefined) cursor.seek(timesteps, +row);
    }
  }
  kinds.histogram = (element) => new Histogram(element);
})();
