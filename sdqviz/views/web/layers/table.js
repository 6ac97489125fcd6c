// The layers as a table to sort and to search.

class LayerTable {
  /** @type {LayersDocument | null} */
  doc = null;
  /** @type {[key: string, descending: boolean] | null} */
  order = null; // null: the network's own
  /** @type {string | null} */
  #chosen = null;

  /** @param {(layer: Layer) => void} act it was chosen */
  constructor(act) {
    this.act = act;
    const attributes = { placeholder: "Find a layer", "aria-label": "find a layer" };
    const oninput = () => this.#rows();
    this.find = node("input", { type: "search", ...attributes, oninput });
    this.count = node("span", { class: "sdqt-values", "aria-live": "polite" });
    this.head = node("tr");
    this.body = node("tbody");
    const region = { class: "sdql-scroll", tabindex: 0, role: "region" };
    this.root = node(
      "div",
      { class: "sdqv" },
      node("div", { class: "sdqv-bar" }, this.find, this.count),
      node(
        "div",
        { ...region, "aria-label": "table of layers" },
        node("table", {}, node("thead", {}, this.head), this.body),
      ),
    );
  }

  /** @param {LayersDocument} doc */
  show(doc) {
    this.doc = doc;
    this.#rows();
  }

  /** @param {string | null} name of the chosen layer */
  mark(name) {
    this.#chosen = name;
    for (const row of this.body.rows) {
      if (row.dataset.layer === name) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  }

  #rows() {
    if (!this.doc) return;
    const columns = this.doc.columns.filter((column) => column.table);
    this.head.replaceChildren(...columns.map((column) => this.#heading(column)));
    const { layers } = this.doc;
    const words = this.find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const matching = layers.filter(({ name, role, kind, why }) => {
      const text = `${name} ${role} ${kind} ${why}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    if (this.order) sortLayers(matching, ...this.order);
    this.count.textContent = `${matching.length} of ${layers.length} layers`;
    const rows = matching.map((layer) =>
      node(
        "tr",
        { "data-layer": layer.name },
        ...columns.map((column) => this.#cell(layer, column)),
      ),
    );
    this.body.replaceChildren(...rows);
    this.mark(this.#chosen);
  }

  /** @param {Column} column */
  #heading({ key, title, help }) {
    const sorted = this.order?.[0] === key;
    const down = sorted && this.order?.[1];
    const mark = sorted ? (down ? " ▼" : " ▲") : "";
    const order = sorted ? (down ? "descending" : "ascending") : "none";
    const onclick = () => this.#sort(key);
    return node(
      "th",
      { "aria-sort": order, scope: "col" },
      node("button", { type: "button", title: `${help}; click to sort`, onclick }, title + mark),
    );
  }

  /**
   * @param {Layer} layer
   * @param {Column} column
   */
  #cell(layer, column) {
    if (column.key === "name") {
      const help = "show all that is known of it";
      const onclick = () => this.act(layer);
      const attributes = { type: "button", class: "sdql-name", title: help, onclick };
      return node("th", { scope: "row" }, node("button", attributes, layer.name));
    }
    const value = figureOf(layer, column.key);
    const kind = typeof value === "number" ? "sdql-number" : "";
    return node("td", { class: kind }, figure(value, column));
  }

  /** @param {string} key */
  #sort(key) {
    const [now, down] = this.order ?? [];
    // Numbers begin with the largest, also where the first layers have none.
    const numbers = (this.doc?.layers ?? []).some((l) => typeof figureOf(l, key) === "number");
    if (now !== key) this.order = [key, numbers];
    else if (down === numbers) this.order = [key, !down];
    else this.order = null;
    this.#rows();
  }
}

/**
 * Sorts in place; layers without the figure come last in both directions.
 * @param {Layer[]} layers
 * @param {string} key
 * @param {boolean} down
 */
function sortLayers(layers, key, down) {
  layers.sort((one, other) => {
    const [a, b] = [figureOf(one, key) ?? "", figureOf(other, key) ?? ""];
    if (a === "" || b === "") return Number(a === "") - Number(b === "");
    const numbers = typeof a === "number" && typeof b === "number";
    const less = numbers ? a - b : String(a).localeCompare(String(b));
    return down ? -less : less;
  });
}
