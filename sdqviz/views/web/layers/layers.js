// The layers of a run: a map of the network, a sheet of the chosen layer, and a table of all.
(() => {
  const { kinds, node, layer, LayerMap, LayerSheet, LayerTable } = window.sdqviz;

  class Layers {
    constructor(element, trigger) {
      this.trigger = trigger;
      const choose = (row) => this.#choose(row);
      this.map = new LayerMap(choose);
      this.sheet = new LayerSheet((what) => trigger(what, { layer: this.chosen.name }));
      this.table = new LayerTable(choose);
      this.root = node("div", { class: "sdqv sdql", hidden: true },
        this.map.root, this.sheet.root, this.table.root);
      element.append(this.root);
      layer.follow(() => this.#mark(layer.name));
    }

    /** doc: `views.layers.layers_document`, or null. */
    show(doc) {
      this.doc = doc;
      this.root.hidden = !doc;
      if (!doc) return;
      this.map.show(doc);
      this.table.show(doc);
      const worst = doc.layers.reduce((a, b) => ((b.own_error ?? -1) > (a.own_error ?? -1) ? b : a));
      this.#mark(doc.layers.some((l) => l.name === layer.name) ? layer.name : worst.name);
    }

    /** A layer without a histogram is shown here alone; the others everywhere, once the choice
        rests: held arrow keys run over many.
    */
    #choose(row) {
      layer.choose(row.name);
      clearTimeout(this.waiting);
      layer.ask(row.name); // an answer to a former choice that is still on its way is late
      if (!row.has_histogram) return;
      this.waiting = setTimeout(() => this.trigger("choose", { layer: row.name }), 250);
    }

    #mark(name) {
      this.chosen = this.doc?.layers.find((l) => l.name === name);
      if (!this.chosen) return;
      this.map.mark(name);
      this.table.mark(name);
      this.sheet.show(this.chosen, this.doc);
    }
  }

  kinds.layers = (element, trigger) => new Layers(element, trigger);
})();
