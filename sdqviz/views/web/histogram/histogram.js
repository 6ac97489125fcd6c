// The values entering one layer: at the cursor's timestep, or over all of them.

class Histogram {
  /** @type {HistogramDocument | null} */
  doc = null;
  #view = askedView();
  #drawn = HISTOGRAM_VIEWS[0]; // another than the chosen one where there is a single row

  /** @param {Element} element */
  constructor(element) {
    this.buttons = HISTOGRAM_VIEWS.map((view) => {
      const onclick = () => this.#choose(view);
      return node("button", { type: "button", "data-view": view.name, onclick }, view.title);
    });
    const heights = Object.keys(HEIGHT_SCALES).map((name) => [name, `${name} heights`]);
    const values = Object.keys(VALUE_SCALES).map((name) => [name, `${name} values`]);
    this.heights = this.#chooser("height scale", heights);
    this.values = this.#chooser("value scale", values);
    this.which = this.#chooser("whose values", [
      ["fp", "FP"],
      ["student", ""],
      ["difference", ""],
    ]);
    this.slider = new CursorSlider("timestep of the histogram");
    this.plot = node("div", { class: "sdqh-plot" });
    this.words = node("p", { class: "sdqt-values" });
    const group = { class: "sdqv-bar", role: "group", "aria-label": "histogram view" };
    this.root = node(
      "div",
      { class: "sdqv sdqh", hidden: true },
      node("div", group, ...this.buttons, this.heights, this.values, this.which),
      this.slider.root,
      this.plot,
      this.words,
    );
    element.append(this.root);
    this.plot.addEventListener("click", (event) => this.#pick(event));
    cursor.follow(() => this.#draw());
    document.addEventListener(WENT_EVENT, () => {
      this.#view = askedView();
      this.#draw();
    });
  }

  /** @param {HistogramDocument | null} doc */
  show(doc) {
    this.doc = doc;
    this.root.hidden = !doc;
    if (!doc) return;
    const [, student, difference] = this.which.options;
    [student.text, difference.text] = [doc.label, `${doc.label} − FP`];
    chosenLayer.answer(doc.layer);
    this.#draw();
  }

  /**
   * @param {string} label
   * @param {string[][]} names each with its title
   */
  #chooser(label, names) {
    const attributes = { "aria-label": label, title: label, onchange: () => this.#draw() };
    const options = names.map(([value, title]) => node("option", { value }, title));
    return node("select", attributes, ...options);
  }

  /** @param {HistogramView} view */
  #choose(view) {
    this.#view = view;
    address.set({ histogram: view === HISTOGRAM_VIEWS[0] ? null : view.name });
    this.#draw();
  }

  #draw() {
    const { doc, heights, values, which } = this;
    if (!doc || !cursor.timesteps.length) return;
    const single = doc.timesteps.length === 1; // one range for any timestep: nothing moves
    const view = single ? HISTOGRAM_VIEWS[0] : this.#view;
    for (const b of this.buttons) {
      press(b, b.dataset.view === view.name);
      b.disabled = single && b.dataset.view !== HISTOGRAM_VIEWS[0].name;
    }
    this.slider.root.hidden = single;
    heights.hidden = !view.heights;
    values.hidden = !view.values;
    which.hidden = !(view.models && doc.pair);
    this.#drawn = view;
    const row = cursor.nearest(doc.timesteps); // where the layer has no row of the cursor's own
    this.plot.innerHTML = view.draw({
      doc,
      axis: new ValueAxis(doc.edges, values.value),
      row,
      height: HEIGHT_SCALES[heights.value],
      heights: heights.value,
      fp: doc.pair ? doc.pair.fp : doc.counts,
      student: doc.pair ? doc.pair.student : null,
      which: which.value,
    });
    this.slider.move();
    this.words.textContent = rangeText(doc, row);
  }

  /**
   * A click on a row or a column of all timesteps moves the cursor there.
   * @param {MouseEvent} event
   */
  #pick(event) {
    if (!this.doc) return;
    const { timesteps } = this.doc;
    const row = clickedRow(this.#drawn, event, timesteps.length);
    if (row !== undefined && timesteps[row] !== undefined) cursor.seek(timesteps, row);
  }
}

/** The view that the page's address names, or the first. */
const askedView = () =>
  HISTOGRAM_VIEWS.find((view) => view.name === address.get("histogram")) ?? HISTOGRAM_VIEWS[0];
