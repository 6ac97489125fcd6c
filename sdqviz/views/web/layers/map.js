// The network as tiles, or as rows over the timesteps, coloured by a figure of each layer.
(() => {
  const { node, cursor, address, CursorSlider } = window.sdqviz;
  // Cividis, from dark (little) to pale (much): read alike with every kind of colour vision.
  const RAMP = ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838"];
  const KEPT = "#8a8a8a";
  const LOST = "not finite"; // a value that overflowed: the worst there is
  const FLOOR = 0.05; // the share of layers that may lie below the colours
  const OVER_TIME = { own_error: "own", replay_error: "replay" }; // figures with a value a timestep
  const SPANS = [["mean", "Mean"], ["here", "At the cursor"], ["all", "All timesteps"]];

  class LayerMap {
    /** act(layer): it was chosen. */
    constructor(act) {
      this.act = act;
      const asked = address.get("span");
      this.span = SPANS.some(([name]) => name === asked) ? asked : SPANS[0][0];
      this.colour = node("select", { "aria-label": "colour", onchange: () => this.#choose() });
      this.spans = SPANS.map(([name, title]) => node("button", { type: "button", "data-span": name,
        onclick: () => { this.span = name; this.#choose(); } }, title));
      this.choice = node("span", { class: "sdqv-modes", role: "group", "aria-label": "timesteps shown" }, ...this.spans);
      this.scale = node("div", { class: "sdq-legend" });
      this.slider = new CursorSlider("timestep of the map");
      this.tiles = node("div", { class: "sdql-map" });
      this.canvas = node("canvas", { role: "application", tabindex: 0, onclick: (e) => this.#pick(e),
        onpointermove: (e) => this.#tell(e), onkeydown: (e) => this.#key(e) });
      this.now = node("i", { class: "sdql-now" });
      this.row = node("i", { class: "sdql-row" });
      this.names = node("div", { class: "sdql-names", "aria-hidden": "true" });
      this.words = node("p", { class: "sdqt-values" });
      this.live = node("p", { class: "sdqv-unseen", "aria-live": "polite" }); // the chosen cell, not each hovered
      this.field = node("div", { class: "sdql-field", hidden: true }, this.names,
        node("div", { class: "sdql-heat" }, this.canvas, this.now, this.row));
      this.root = node("div", { class: "sdqv" },
        node("div", { class: "sdqv-bar" }, node("label", {}, "Map of the network, coloured by ", this.colour),
          this.choice, this.scale), this.slider.root, this.tiles, this.field, this.words, this.live);
      cursor.follow(() => this.#move());
    }

    show(doc) {
      this.doc = doc;
      const kept = this.colour.value || address.get("map");
      const titles = Object.fromEntries(doc.columns.map((c) => [c.key, c.title]));
      this.colour.replaceChildren(...doc.colours.map((key) => node("option", { value: key }, titles[key])));
      this.colour.value = doc.colours.includes(kept) ? kept : doc.colours[0];
      this.draw();
    }

    #choose() {
      address.set({ map: this.colour.value, span: this.span });
      this.draw();
    }

    mark(name) {
      this.chosen = name;
      for (const tile of this.tiles.querySelectorAll("[data-layer]")) {
        tile.classList.toggle("sdql-chosen", tile.dataset.layer === name);
      }
      this.#move();
    }

    draw() {
      const key = this.colour.value;
      this.series = (this.doc.timesteps && OVER_TIME[key]) || null;
      const span = this.series ? this.span : "mean";
      this.choice.hidden = !this.series;
      for (const b of this.spans) b.setAttribute("aria-pressed", b.dataset.span === span);
      this.slider.root.hidden = span === "mean";
      this.tiles.hidden = span === "all";
      this.field.hidden = this.words.hidden = span !== "all";
      this.column = this.doc.columns.find((c) => c.key === key);
      // At the cursor and over all of them the colours keep their meaning from timestep to timestep.
      const values = (span === "mean" ? this.doc.layers.map((l) => l[key])
        : this.doc.layers.flatMap((l) => l[this.series] ?? [])).filter((v) => typeof v === "number");
      const sorted = values.filter((v) => v > 0).sort((a, b) => a - b);
      const high = sorted.at(-1) ?? 0;
      // A few layers that lose next to nothing would take most of the colours for themselves.
      const floor = sorted[Math.floor(sorted.length * FLOOR)];
      const logarithmic = high / floor > 10;
      const low = logarithmic ? floor : least(values);
      const below = values.some((v) => v < low);
      this.place = (v) => (high === low ? 0
        : logarithmic ? Math.log(Math.max(v, low) / low) / Math.log(high / low) : (v - low) / (high - low));
      this.scale.innerHTML = values.length
        ? `<span>${below ? "≤ " : ""}${this.#written(low)}</span><span style="width:120px;height:10px;border-radius:3px;background:linear-gradient(90deg,${
            RAMP.join(",")})"></span><span>${this.#written(high)}${logarithmic ? " (log)" : ""}</span>` +
          `<span><i style="background:${KEPT};height:10px;width:14px"></i>none</span>` : "";
      if (span === "all") this.#field();
      else this.#tiles();
      this.#move();
    }

    #written(value) {
      return window.sdqviz.figure(value, this.column);
    }

    #colour(value) {
      if (value === LOST) return RAMP.at(-1);
      return typeof value === "number" ? RAMP[Math.round(this.place(value) * (RAMP.length - 1))] : KEPT;
    }

    #tiles() {
      const most = Math.max(...this.doc.layers.map((l) => l.parameters));
      const groups = grouped(this.doc.layers);
      this.tiles.replaceChildren(...[...groups].map(([name, layers]) =>
        node("div", { class: "sdql-group" }, node("span", {}, name),
          node("div", {}, ...layers.map((layer) => {
            const side = Math.max(12, Math.min(34, 34 * Math.sqrt(layer.parameters / most)));
            return node("button", { type: "button", "data-layer": layer.name, style: `width:${side}px;height:${side}px`,
              class: `sdql-tile${layer.name === this.chosen ? " sdql-chosen" : ""}`, onclick: () => this.act(layer) });
          })))));
      this.byName = new Map(this.doc.layers.map((l) => [l.name, l]));
      this.#paint();
    }

    /** Colours and words of the tiles, which are all that a moved cursor changes. */
    #paint() {
      const at = this.span === "here" && this.series ? cursor.nearest(this.doc.timesteps) : null;
      for (const tile of this.tiles.querySelectorAll("[data-layer]")) {
        const layer = this.byName.get(tile.dataset.layer);
        const value = at === null ? layer[this.column.key] : this.#at(layer, at);
        const said = `${layer.name}: ${this.column.title} ${this.#written(value) || "none"}`;
        tile.title = said;
        tile.ariaLabel = said;
        tile.style.background = this.#colour(value);
      }
    }

    /** A layer's figure at a call: undefined where it has none, LOST where it overflowed. */
    #at(layer, call) {
      const values = layer[this.series];
      return values ? values[call] ?? LOST : undefined;
    }

    /** A pixel for each layer and timestep, stretched. */
    #field() {
      const { timesteps } = this.doc;
      this.rows = this.doc.layers.filter((l) => l[this.series]);
      this.canvas.width = timesteps.length;
      this.canvas.height = this.rows.length;
      const pen = this.canvas.getContext("2d");
      this.rows.forEach((layer, row) => layer[this.series].forEach((_, call) => {
        pen.fillStyle = this.#colour(this.#at(layer, call));
        pen.fillRect(call, row, 1, 1);
      }));
      const tall = Math.min(900, Math.max(240, this.rows.length * 5));
      this.canvas.style.height = `${tall}px`;
      this.canvas.ariaLabel = `${this.column.title} of ${this.rows.length} layers, from top to bottom, over ${
        timesteps.length} timesteps, from left to right; arrow keys choose a layer and a timestep`;
      let last = "";
      let free = 0; // where the next name has room
      this.names.replaceChildren(...this.rows.flatMap((layer, row) => {
        const [name, top] = [groupOf(layer), (tall * row) / this.rows.length];
        if (name === last) return [];
        last = name;
        const at = Math.max(top, free);
        free = at + 14;
        return [node("span", { style: `top:${at}px` }, name)];
      }));
    }

    #move() {
      if (!this.doc || !cursor.timesteps.length || !this.doc.timesteps) return;
      const at = cursor.nearest(this.doc.timesteps);
      const count = this.doc.timesteps.length;
      this.slider.move();
      if (this.span === "here" && this.series) this.#paint();
      if (this.field.hidden) return;
      this.now.style.left = `${(100 * at) / count}%`;
      this.now.style.width = `${100 / count}%`;
      const row = this.rows.findIndex((l) => l.name === this.chosen);
      this.row.hidden = row < 0;
      this.row.style.top = `${(100 * row) / this.rows.length}%`;
      this.row.style.height = `${100 / this.rows.length}%`;
      this.#say(row < 0 ? null : row, at);
      this.live.textContent = this.words.textContent;
    }

    #say(row, call) {
      const layer = this.rows[row];
      this.words.textContent = layer
        ? `${layer.name} at t = ${+this.doc.timesteps[call].toFixed(1)}: ${this.column.title} ${
            this.#written(this.#at(layer, call))}`
        : "Click a cell to choose its layer and timestep; arrow keys move both.";
    }

    #cell(event) {
      const edge = this.canvas.getBoundingClientRect();
      const share = (at, from, length, count) =>
        Math.min(count - 1, Math.max(0, Math.floor(((at - from) / length) * count)));
      return [share(event.clientY, edge.top, edge.height, this.rows.length),
        share(event.clientX, edge.left, edge.width, this.doc.timesteps.length)];
    }

    #tell(event) {
      this.#say(...this.#cell(event));
    }

    #pick(event) {
      const [row, call] = this.#cell(event);
      cursor.seek(this.doc.timesteps, call);
      this.act(this.rows[row]);
    }

    #key(event) {
      const row = this.rows.findIndex((l) => l.name === this.chosen);
      const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (!steps) return;
      event.preventDefault();
      if (steps[1]) cursor.step(steps[1]);
      const next = this.rows[Math.min(this.rows.length - 1, Math.max(0, row + steps[0]))];
      if (steps[0] && next) this.act(next);
    }
  }

  const groupOf = (layer) =>
    layer.name.split(".").slice(0, /^(down|up)_blocks|^transformer_blocks/.test(layer.name) ? 2 : 1).join(".");
  function grouped(layers) {
    const groups = new Map();
    for (const layer of layers) groups.set(groupOf(layer), [...(groups.get(groupOf(layer)) ?? []), layer]);
    return groups;
  }
  const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity); // any number of them
  window.sdqviz.LayerMap = LayerMap;
})();
