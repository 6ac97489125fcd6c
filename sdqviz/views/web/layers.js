// The layers of a run: a map of the network coloured by a chosen figure, and a table of them.
(() => {
  const { kinds, node } = window.sdqviz;
  // Cividis, from dark (little) to pale (much): read alike with every kind of colour vision.
  const RAMP = ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838"];
  const KEPT = "#8a8a8a";

  class Layers {
    constructor(element, trigger) {
      this.trigger = trigger;
      this.order = null; // [column, descending], or the network's own order
      this.colour = node("select", { "aria-label": "colour", onchange: () => this.#map() });
      this.tiles = node("div", { class: "sdql-map" });
      this.scale = node("div", { class: "sdq-legend" });
      this.find = node("input", { type: "search", placeholder: "Find a layer", "aria-label": "find a layer",
        oninput: () => this.#rows() });
      this.count = node("span", { class: "sdqt-values", "aria-live": "polite" });
      this.head = node("tr");
      this.body = node("tbody");
      this.root = node("div", { class: "sdqv sdql", hidden: true },
        node("div", { class: "sdqv-bar" }, node("label", {}, "Map of the network, coloured by ", this.colour), this.scale),
        this.tiles,
        node("div", { class: "sdqv-bar" }, this.find, this.count),
        node("div", { class: "sdql-scroll", tabindex: 0, role: "region", "aria-label": "table of layers" },
          node("table", {}, node("thead", {}, this.head), this.body)));
      element.append(this.root);
    }

    /** doc: {columns: [{key, title, help, digits?}], colours: [key], layers: [{name, ...}]}, or null. */
    show(doc) {
      this.doc = doc;
      this.root.hidden = !doc;
      if (!doc) return;
      const kept = this.colour.value;
      const titles = Object.fromEntries(doc.columns.map((c) => [c.key, c.title]));
      this.colour.replaceChildren(...doc.colours.map((key) => node("option", { value: key }, titles[key])));
      this.colour.value = doc.colours.includes(kept) ? kept : doc.colours[0];
      this.#map();
      this.#rows();
    }

    #map() {
      const key = this.colour.value;
      const column = this.doc.columns.find((c) => c.key === key);
      const values = this.doc.layers.map((l) => l[key]).filter((v) => typeof v === "number");
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const logarithmic = low > 0 && high / low > 30;
      const place = (v) => (high === low ? 0 : logarithmic ? Math.log(v / low) / Math.log(high / low) : (v - low) / (high - low));
      const colour = (v) => (typeof v === "number" ? RAMP[Math.round(place(v) * (RAMP.length - 1))] : KEPT);
      const groups = new Map();
      for (const layer of this.doc.layers) {
        const group = layer.name.split(".").slice(0, /^(down|up)_blocks|^transformer_blocks/.test(layer.name) ? 2 : 1).join(".");
        if (!groups.has(group)) groups.set(group, []);
        groups.get(group).push(layer);
      }
      this.tiles.replaceChildren(...[...groups].map(([name, layers]) =>
        node("div", { class: "sdql-group" }, node("span", {}, name),
          node("div", {}, ...layers.map((layer) => {
            const said = `${layer.name}: ${column.title} ${written(layer[key], column)}`;
            const side = Math.max(12, Math.min(34, Math.sqrt(layer.parameters) / this.#unit));
            const look = { class: "sdql-tile", title: said,
              style: `background:${colour(layer[key])};width:${side}px;height:${side}px` };
            return layer.has_histogram
              ? node("button", { ...look, type: "button", "aria-label": said, onclick: () => this.#open(layer) })
              : node("span", { ...look, role: "img", "aria-label": said });
          })))));
      this.scale.innerHTML = values.length
        ? `<span>${written(low, column)}</span><span style="width:120px;height:10px;border-radius:3px;background:linear-gradient(90deg,${
            RAMP.join(",")})"></span><span>${written(high, column)}${logarithmic ? " (log)" : ""}</span>` +
          `<span><i style="background:${KEPT};height:10px;width:14px"></i>none</span>` : "";
    }

    get #unit() {
      const most = Math.max(...this.doc.layers.map((l) => l.parameters));
      return Math.sqrt(most) / 34;
    }

    #rows() {
      const { columns, layers } = this.doc;
      this.head.replaceChildren(...columns.map((column) => {
        const sorted = this.order?.[0] === column.key;
        const mark = sorted ? (this.order[1] ? " ▼" : " ▲") : "";
        return node("th", { "aria-sort": sorted ? (this.order[1] ? "descending" : "ascending") : "none", scope: "col" },
          node("button", { type: "button", title: `${column.help}; click to sort`, onclick: () => this.#sort(column.key) },
            column.title + mark));
      }));
      const words = this.find.value.toLowerCase().split(/\s+/).filter(Boolean);
      const found = layers.filter((l) => words.every((w) => `${l.name} ${l.kind} ${l.why}`.toLowerCase().includes(w)));
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
      this.body.replaceChildren(...found.map((layer) => node("tr", {}, ...columns.map((column) =>
        column.key === "name"
          ? node("th", { scope: "row" }, layer.has_histogram
            ? node("button", { type: "button", class: "sdql-name", title: "show its histogram",
                onclick: () => this.#open(layer) }, layer.name)
            : layer.name)
          : node("td", { class: typeof layer[column.key] === "number" ? "sdql-number" : "" },
            written(layer[column.key], column))))));
    }

    #sort(key) {
      const [now, down] = this.order ?? [];
      if (now !== key) this.order = [key, typeof this.doc.layers[0][key] !== "string"];
      else if (down === (typeof this.doc.layers[0][key] !== "string")) this.order = [key, !down];
      else this.order = null;
      this.#rows();
    }

    #open(layer) {
      if (layer.has_histogram) this.trigger("open", { layer: layer.name });
    }
  }

  function written(value, column) {
    if (value === null || value === undefined) return "";
    if (typeof value !== "number") return String(value);
    return column.digits ? value.toPrecision(column.digits) : value.toLocaleString("en");
  }
  kinds.layers = (element, trigger) => new Layers(element, trigger);
})();
