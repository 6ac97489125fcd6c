// The network as tiles: one a layer, as large as its weights, grouped by where it is.

/** @param {Layer} layer */
function groupOf({ name }) {
  const deep = /^(down|up)_blocks|^transformer_blocks/.test(name) ? 2 : 1;
  return name.split(".").slice(0, deep).join(".");
}

class LayerTiles {
  /** @type {Map<string, Layer>} */
  #byName = new Map();

  /** @param {(layer: Layer) => void} act it was chosen */
  constructor(act) {
    this.act = act;
    this.root = node("div", { class: "sdql-map" });
  }

  /**
   * @param {Layer[]} layers
   * @param {string | null} chosen
   */
  show(layers, chosen) {
    this.#byName = new Map(layers.map((layer) => [layer.name, layer]));
    const most = Math.max(...layers.map((layer) => layer.parameters));
    /** @type {Map<string, Layer[]>} */
    const groups = new Map();
    for (const layer of layers) {
      groups.set(groupOf(layer), [...(groups.get(groupOf(layer)) ?? []), layer]);
    }
    this.root.replaceChildren(
      ...[...groups].map(([name, members]) =>
        node(
          "div",
          { class: "sdql-group" },
          node("span", {}, name),
          node("div", {}, ...members.map((layer) => this.#tile(layer, most))),
        ),
      ),
    );
    this.mark(chosen);
  }

  /** @param {string | null} name of the chosen layer */
  mark(name) {
    for (const tile of this.#tiles()) {
      tile.classList.toggle("sdql-chosen", tile.dataset.layer === name);
    }
  }

  /**
   * Colours and words of the tiles, which are all that a moved cursor changes.
   * @param {(layer: Layer) => Figure} figureAt
   * @param {ColourScale} scale
   */
  paint(figureAt, scale) {
    for (const tile of this.#tiles()) {
      const layer = this.#byName.get(tile.dataset.layer ?? "");
      if (!layer) continue;
      const value = figureAt(layer);
      const words = `${layer.name}: ${scale.column.title} ${scale.written(value) || "none"}`;
      tile.title = words;
      tile.ariaLabel = words;
      tile.style.background = scale.colour(value);
    }
  }

  /** @returns {NodeListOf<HTMLElement>} */
  #tiles() {
    return this.root.querySelectorAll("[data-layer]");
  }

  /**
   * @param {Layer} layer
   * @param {number} most parameters of a layer
   */
  #tile(layer, most) {
    const side = clamp(34 * Math.sqrt(layer.parameters / most), 12, 34);
    return node("button", {
      type: "button",
      "data-layer": layer.name,
      style: `width:${side}px;height:${side}px`,
      class: "sdql-tile",
      onclick: () => this.act(layer),
    });
  }
}
