// From a timestep to its layers: those whose rounding costs most there, each a button.
(() => {
  const { kinds, node, cursor, layer, charts } = window.sdqviz;

  class Culprits {
    constructor(element, trigger) {
      this.trigger = trigger;
      this.list = node("div", { class: "sdqv-worst" });
      this.title = node("p", { class: "sdqt-values" });
      this.root = node("div", { class: "sdqv sdqc", hidden: true }, this.title, this.list);
      element.append(this.root);
      cursor.follow(() => this.#list());
      layer.follow(() => this.#list());
    }

    /** doc: {scene, timesteps, worst: [[{name, own, replay}]] at each}, or null. */
    show(doc) {
      this.doc = doc;
      this.root.hidden = !doc;
      if (!doc) return;
      this.title.innerHTML = `Which layers? The largest ${charts.term("own error")} at this timestep of the ` +
        `held-out scene “${charts.escaped(doc.scene)}”:`;
      this.#list();
    }

    #list() {
      if (!this.doc || !cursor.timesteps.length) return;
      const held = document.activeElement?.dataset.rank; // keeps the keyboard where it was
      const inside = this.list.contains(document.activeElement);
      this.list.replaceChildren(...this.doc.worst[cursor.nearest(this.doc.timesteps)].map((one, rank) =>
        node("button", { type: "button", "data-rank": rank, "aria-pressed": String(one.name === layer.name),
          title: `${one.name}: own error ${written(one.own)}, in replay ${written(one.replay)}`,
          onclick: () => this.trigger("open", { layer: one.name }) },
          node("span", {}, ...one.name.split(/(?<=\.)/).flatMap((part) => [part, node("wbr")])),
          node("b", {}, written(one.own)))));
      if (inside) this.list.querySelector(`[data-rank="${held}"]`)?.focus();
    }
  }

  const written = (value) => value?.toPrecision(2) ?? "not finite";
  kinds.culprits = (element, trigger) => new Culprits(element, trigger);
})();
