// All that is known of one layer: what the plan made of it, its errors, its codes, its block's loss.
(() => {
  const { node, cursor, charts, CursorLine } = window.sdqviz;
  const BLUE = "var(--sdq-blue)";
  const ORANGE = "var(--sdq-orange)";

  class LayerSheet {
    /** act(name): "open" its histogram, "draw" the picture with this layer alone quantized. */
    constructor(act) {
      this.name = node("h3");
      this.open = node("button", { type: "button", onclick: () => act("open") }, "Histogram of its input");
      this.draw = node("button", { type: "button", onclick: () => act("draw"),
        title: "the chosen scene again, this layer's weights and input quantized and all else FP" },
        "The picture with only this layer quantized");
      this.facts = node("dl", { class: "sdq-facts" });
      this.errors = node("div");
      this.line = new CursorLine(this.errors);
      this.here = node("p", { class: "sdqt-values" });
      this.when = node("p", { class: "sdqt-values" });
      this.codes = node("div");
      this.loss = node("div");
      this.root = node("section", { class: "sdql-sheet", "aria-label": "the chosen layer" },
        node("div", { class: "sdqv-bar" }, this.name, this.open, this.draw),
        node("div", { class: "sdql-charts" }, this.facts,
          node("div", {}, node("h4", {}, "Error at each timestep"), this.errors, this.here, this.when),
          node("div", {}, node("h4", {}, "Its weights as stored"), this.codes),
          node("div", {}, node("h4", {}, "Loss of its block"), this.loss)));
      cursor.follow(() => this.#move());
    }

    /** layer: a row of `doc` (`views.layers.layers_document`), or null. */
    show(layer, doc) {
      this.layer = layer;
      this.doc = doc;
      this.root.hidden = !layer;
      if (!layer) return;
      this.name.textContent = layer.name;
      this.open.hidden = !layer.has_histogram;
      this.draw.hidden = !layer.weight_bits || Boolean(window.sdqvizReport); // a report draws nothing new
      const shown = doc.columns.filter((c) => c.key !== "name" && layer[c.key] !== null && layer[c.key] !== "");
      this.facts.replaceChildren(...shown.map((c) => node("div", { "data-key": c.key },
        node("dt", {}, node("abbr", { class: "sdq-term", title: c.help }, c.title)),
        node("dd", {}, window.sdqviz.figure(layer[c.key], c)))));
      this.errors.innerHTML = this.#errors() ||
        `<p class="sdq-empty">${!layer.weight_bits ? "It stays in floating point, or was removed."
          : layer.own ? "No error above 0 that is finite." : "Made before layers' errors were kept: run it again."}</p>`;
      this.when.textContent = doc.scene && layer.own ? `Measured on the held-out scene “${doc.scene}”.` : "";
      this.line.attach(doc.timesteps ?? []);
      this.codes.innerHTML = this.#codes();
      this.loss.innerHTML = this.#loss();
      this.#move();
    }

    #errors() {
      const { own, replay } = this.layer;
      const { timesteps } = this.doc;
      if (!own) return "";
      const every = Math.max(1, Math.round(timesteps.length / 7));
      return charts.lines({
        series: [
          { name: "in replay", points: [...replay.entries()], colour: ORANGE, dots: true },
          { name: "own error", points: [...own.entries()], colour: BLUE, dots: true, dashed: true },
        ],
        from: 0, to: timesteps.length - 1, cursor: timesteps.length,
        xNames: Object.fromEntries(timesteps.map((t, i) => [i, `${+t.toFixed(1)}`]).filter(([i]) => i % every === 0)),
        xTitle: "timestep (sampling runs to the right)", yTitle: "relative squared error",
        summary: `error of ${this.layer.name} at each timestep`,
      });
    }

    #codes() {
      const { stored, weight_bits: bits, name } = this.layer;
      if (!bits) return '<p class="sdq-empty">No codes: its weights stay in floating point, or it was removed.</p>';
      if (!stored) return '<p class="sdq-empty">Made before codes were counted: run it again.</p>';
      const codes = charts.bars({ counts: stored.codes, first: -(2 ** (bits - 1)), colour: BLUE,
        xTitle: `${bits}-bit code`, summary: `how often the weights of ${name} take each code` });
      const groups = stored.multipliers.length
        ? charts.bars({ counts: stored.multipliers, first: 1, colour: ORANGE, height: 120,
          xTitle: "multiplier of a group", summary: `how often the groups of ${name} take each multiplier` })
        : "";
      const [least, most] = stored.scale.map((v) => v.toPrecision(2));
      return codes + groups + `<p class="sdqt-values">weight = scale × ${
        groups ? "multiplier × " : ""}code; scales of the output channels ${least} to ${most}</p>`;
    }

    #loss() {
      const { block } = this.layer;
      const curves = this.doc.blocks[block];
      if (!curves?.loss.length && !curves?.replay.length) {
        return '<p class="sdq-empty">Nothing was trained for it: rounded to nearest, or outside every block.</p>';
      }
      const last = Math.max(...[...curves.loss, ...curves.replay].map(([step]) => step), 1);
      const names = [0, 0.25, 0.5, 0.75, 1].map((share) => Math.round(share * last));
      const drawn = charts.lines({
        series: [
          { name: "training batches, smoothed", points: curves.loss, colour: BLUE },
          { name: "fixed tune scene", points: curves.replay, colour: ORANGE, dots: true },
        ].filter((one) => one.points.length),
        from: 0, to: last, xNames: Object.fromEntries(names.map((n) => [n, n])),
        xTitle: "optimiser step", yTitle: "block error", summary: `errors of the block ${block} while training`,
      });
      const frozen = curves.frozen ? `; frozen at step ${curves.frozen.step}: ${curves.frozen.reason}` : "";
      return drawn + `<p class="sdqt-values">${charts.escaped(block + frozen)}</p>`;
    }

    #move() {
      if (!this.layer?.own || !cursor.timesteps.length) {
        this.here.textContent = "";
        return;
      }
      this.line.move();
      const at = cursor.nearest(this.doc.timesteps);
      const written = (v) => v?.toPrecision(2) ?? "not finite";
      this.here.textContent = `At t = ${+this.doc.timesteps[at].toFixed(1)}: own error ${
        written(this.layer.own[at])}, in replay ${written(this.layer.replay[at])}`;
    }
  }
  window.sdqviz.LayerSheet = LayerSheet;
})();
