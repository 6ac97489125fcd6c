// The network as tiles, or as rows over the timesteps, coloured by a figure of each layer.

/** @typedef {"mean" | "here" | "all"} Span */

/** @type {{ name: Span, title: string }[]} */
const SPANS = [
  { name: "mean", title: "Mean" },
  { name: "here", title: "At the cursor" },
  { name: "all", title: "All timesteps" },
];
/** @type {Map<string, SeriesName>} figures with a value a timestep */
const OVER_TIME = new Map([
  ["own_error", "own"],
  ["replay_error", "replay"],
]);

class LayerMap {
  /** @type {LayersDocument | null} */
  doc = null;
  /** @type {Span} */
  #span = askedSpan();
  /** @type {SeriesName | null} */
  #series = null;
  /** @type {ColourScale | null} */
  #colours = null;
  /** @type {string | null} */
  #chosen = null;

  /** @param {(layer: Layer) => void} act it was chosen */
  constructor(act) {
    this.colour = node("select", { "aria-label": "colour", onchange: () => this.#choose() });
    this.spans = SPANS.map(({ name, title }) => {
      const onclick = () => this.#choose(name);
      return node("button", { type: "button", "data-span": name, onclick }, title);
    });
    const group = { class: "sdqv-modes", role: "group", "aria-label": "timesteps shown" };
    this.choice = node("span", group, ...this.spans);
    this.scale = node("div", { class: "sdq-legend" });
    this.slider = new CursorSlider("timestep of the map");
    this.tiles = new LayerTiles(act);
    this.field = new LayerField(act);
    const coloured = node("label", {}, "Map of the network, coloured by ", this.colour);
    this.root = node(
      "div",
      { class: "sdqv" },
      node("div", { class: "sdqv-bar" }, coloured, this.choice, this.scale),
      this.slider.root,
      this.tiles.root,
      this.field.root,
      this.field.words,
      this.field.live,
    );
    cursor.follow(() => this.#move());
    document.addEventListener(WENT_EVENT, () => this.#recall());
  }

  /** @param {LayersDocument} doc */
  show(doc) {
    this.doc = doc;
    const kept = this.colour.value || (address.get("map") ?? "");
    const titles = new Map(doc.columns.map((c) => [c.key, c.title]));
    const options = doc.colours.map((key) =>
      node("option", { value: key }, titles.get(key) ?? key),
    );
    this.colour.replaceChildren(...options);
    this.colour.value = doc.colours.includes(kept) ? kept : doc.colours[0];
    this.draw();
  }

  /** @param {string} name of the chosen layer */
  mark(name) {
    this.#chosen = name;
    this.tiles.mark(name);
    this.#move();
  }

  #choose(span = this.#span) {
    this.#span = span;
    address.set({ map: this.colour.value, span });
    this.draw();
  }

  /** The browser went to another address: colours by what it names. */
  #recall() {
    const asked = address.get("map");
    if (asked && this.doc?.colours.includes(asked)) this.colour.value = asked;
    this.#span = askedSpan();
    this.draw();
  }

  draw() {
    const key = this.colour.value;
    const column = this.doc?.columns.find((c) => c.key === key);
    if (!this.doc || !column) return;
    const { layers, timesteps } = this.doc;
    const series = (timesteps && OVER_TIME.get(key)) ?? null;
    const span = series ? this.#span : "mean";
    this.choice.hidden = !series;
    for (const b of this.spans) press(b, b.dataset.span === span);
    this.slider.root.hidden = span === "mean";
    this.tiles.root.hidden = span === "all";
    this.field.root.hidden = this.field.words.hidden = span !== "all";
    // At the cursor and over all of them the colours keep their meaning from timestep to timestep.
    const all = series && span !== "mean" ? series : null;
    const colours = new ColourScale(
      layers.flatMap((layer) => (all ? (layer[all] ?? []) : figureOf(layer, key))),
      column,
    );
    this.#series = series;
    this.#colours = colours;
    this.scale.innerHTML = colours.legend;
    if (timesteps && series && span === "all") this.field.show(layers, timesteps, series, colours);
    else {
      this.tiles.show(layers, this.#chosen);
      this.#paint();
    }
    this.#move();
  }

  /** Colours the tiles: by the mean, or by the figure at the cursor. */
  #paint() {
    if (!this.doc || !this.#colours) return;
    const { timesteps } = this.doc;
    const key = this.colour.value;
    const series = this.#span === "here" ? this.#series : null;
    const call = cursor.nearest(timesteps ?? []);
    this.tiles.paint(
      (layer) => (series ? figureAtCall(layer, series, call) : figureOf(layer, key)),
      this.#colours,
    );
  }

  #move() {
    if (!this.doc?.timesteps || !cursor.timesteps.length) return;
    this.slider.move();
    if (this.#span === "here" && this.#series) this.#paint();
    if (!this.field.root.hidden) this.field.move(this.#chosen);
  }
}

/** @returns {Span} of the page's address, or the first */
const askedSpan = () => SPANS.find(({ name }) => name === address.get("span"))?.name ?? "mean";
