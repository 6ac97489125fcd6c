// The layers as a table to sort and to search.
(() => {
  const { node } = window.sdqviz;

  class LayerTable {
    /** act(layer): it was chosen. */
    constructor(act) {
      this.act = act;
      this.order = null; // [column, descending], or the network's own order
      this.find = node("input", { type: "search", placeholder: "Find a layer", "aria-label": "find a layer",
        oninput: () => this.#rows() });
      this.count = node("span", { class: "sdqt-values", "aria-live": "polite" });
      this.head = node("tr");
      this.body = node("tbody");
      this.root = node("div", { class: "sdqv" },
        node("div", { class: "sdqv-bar" }, this.find, this.count),
        node("div", { class: "sdql-scroll", tabindex: 0, role: "region", "aria-label": "table of layers" },
          node("table", {}, node("thead", {}, this.head), this.body)));
    }

    show(doc) {
      this.doc = doc;
      this.columns = doc.columns.filter((c) => c.table);
      this.#rows();
    }

    mark(name) {
      this.chosen = name;
      for (const row of this.body.rows) {
        if (row.dataset.layer === name) row.setAttribute("aria-current", "true");
        else row.removeAttribute("aria-current");
      }
    }

    #rows() {
      const { layers } = this.doc;
      this.head.replaceChildren(...this.columns.map((column) => {
        const sorted = this.order?.[0] === column.key;
        const mark = sorted ? (this.order[1] ? " ▼" : " ▲") : "";
        return node("th", { "aria-sort": sorted ? (this.order[1] ? "descending" : "ascending") : "none", scope: "col" },
          node("button", { type: "button", title: `${column.help}; click to sort`, onclick: () => this.#sort(column.key) },
            column.title + mark));
      }));
      const words = this.find.value.toLowerCase().split(/\s+/).filter(Boolean);
      const found = layers.filter((l) =>
        words.every((w) => `${l.name} ${l.role} ${l.kind} ${l.why}`.toLowerCase().includes(w)));
      if (this.order) {
        const [key, down] = this.order;
        const rank = (l) => l[key] ?? "";
        // Layers without the figure come last in both directions.
        found.sort((a, b) => {
          if (rank(a) === "" || rank(b) === "") return (rank(a) === "") - (rank(b) === "");
          const less = typeof rank(a) === "number" && typeof rank(b) === "number"
            ? rank(a) - rank(b) : String(rank(a)).localeCompare(String(rank(b)));
          return down ? -less : less;
        });
      }
      this.count.textContent = `${found.length} of ${layers.length} layers`;
      this.body.replaceChildren(...found.map((layer) => node("tr", { "data-layer": layer.name },
        ...this.columns.map((column) => column.key === "name"
          ? node("th", { scope: "row" }, node("button", { type: "button", class: "sdql-name",
            title: "show all that is known of it", onclick: () => this.act(layer) }, layer.name))
          : node("td", { class: typeof layer[column.key] === "number" ? "sdql-number" : "" },
            window.sdqviz.figure(layer[column.key], column))))));
      this.mark(this.chosen);
    }

    #sort(key) {
      const [now, down] = this.order ?? [];
      // Numbers begin with the largest, also where the first layers have none.
      const numbers = this.doc.layers.some((l) => typeof l[key] === "number");
      if (now !== key) this.order = [key, numbers];
      else if (down === numbers) this.order = [key, !down];
      else this.order = null;
      this.#rows();
    }
  }
  window.sdqviz.LayerTable = LayerTable;
})();
