// All that is known of one layer: what the plan made of it, its errors, codes, its block's loss.

class LayerSheet {
  /** @type {Layer | null} */
  layer = null;
  /** @type {LayersDocument | null} */
  doc = null;

  /**
   * @param {(name: "open" | "draw") => void} act "open" its histogram, "draw" the picture with this
   *   layer alone quantized
   */
  constructor(act) {
    this.name = node("h3");
    const open = () => act("open");
    this.open = node("button", { type: "button", onclick: open }, "Histogram of its input");
    const title =
      "the chosen scene again, this layer's weights and input quantized and all else FP";
    this.draw = node(
      "button",
      { type: "button", onclick: () => act("draw"), title },
      "The picture with only this layer quantized",
    );
    this.facts = node("dl", { class: "sdq-facts" });
    this.errors = node("div");
    this.line = new CursorLine(this.errors);
    this.here = node("p", { class: "sdqt-values" });
    this.when = node("p", { class: "sdqt-values" });
    this.codes = node("div");
    this.loss = node("div");
    const errors = [this.errors, this.here, this.when];
    this.root = node(
      "section",
      { class: "sdql-sheet", "aria-label": "the chosen layer" },
      node("div", { class: "sdqv-bar" }, this.name, this.open, this.draw),
      node(
        "div",
        { class: "sdql-charts" },
        this.facts,
        node("div", {}, node("h4", {}, "Error at each timestep"), ...errors),
        node("div", {}, node("h4", {}, "Its weights as stored"), this.codes),
        node("div", {}, node("h4", {}, "Loss of its block"), this.loss),
      ),
    );
    cursor.follow(() => this.#move());
  }

  /**
   * @param {Layer} layer
   * @param {LayersDocument} doc
   */
  show(layer, doc) {
    this.layer = layer;
    this.doc = doc;
    this.name.textContent = layer.name;
    this.open.hidden = !layer.has_histogram;
    this.draw.hidden = !layer.weight_bits || Boolean(window.sdqvizReport); // it draws nothing new
    const facts = doc.columns.flatMap((column) => this.#fact(layer, column));
    this.facts.replaceChildren(...facts);
    this.errors.innerHTML = errorChart(layer, doc.timesteps);
    const measured = doc.scene && layer.own;
    this.when.textContent = measured ? `Measured on the held-out scene “${doc.scene}”.` : "";
    this.line.attach(doc.timesteps ?? []);
    this.codes.innerHTML = codeCharts(layer);
    this.loss.innerHTML = blockChart(layer.block, doc.blocks[layer.block ?? ""]);
    this.#move();
  }

  /**
   * @param {Layer} layer
   * @param {Column} column
   */
  #fact(layer, column) {
    const words = figure(figureOf(layer, column.key), column);
    if (column.key === "name" || !words) return [];
    const name = node("abbr", { class: "sdq-term", title: column.help }, column.title);
    return [node("div", { "data-key": column.key }, node("dt", {}, name), node("dd", {}, words))];
  }

  #move() {
    const { own, replay } = this.layer ?? {};
    const { timesteps } = this.doc ?? {};
    if (!own || !replay || !timesteps || !cursor.timesteps.length) {
      this.here.textContent = "";
      return;
    }
    this.line.move();
    const at = cursor.nearest(timesteps);
    this.here.textContent =
      `At t = ${timestepText(timesteps[at])}: own error ${errorText(own[at])}, ` +
      `in replay ${errorText(replay[at])}`;
  }
}
