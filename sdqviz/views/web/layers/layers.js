// The layers of a run: a map of the network, a sheet of the chosen layer, and a table of all.

const LAYER_RESTS = 250; // milliseconds: held arrow keys run over many layers

class Layers {
  /** @type {LayersDocument | null} */
  doc = null;
  /** @type {Layer | null} */
  #chosen = null;
  #waiting = 0;

  /**
   * @param {Element} element
   * @param {Trigger} trigger
   */
  constructor(element, trigger) {
    this.trigger = trigger;
    /** @param {Layer} layer */
    const choose = (layer) => this.#choose(layer);
    this.map = new LayerMap(choose);
    this.sheet = new LayerSheet((what) => trigger(what, { layer: this.#chosen?.name }));
    this.table = new LayerTable(choose);
    const parts = [this.map.root, this.sheet.root, this.table.root];
    this.root = node("div", { class: "sdqv sdql", hidden: true }, ...parts);
    element.append(this.root);
    chosenLayer.follow(() => this.#mark(chosenLayer.name));
  }

  /** @param {LayersDocument | null} doc */
  show(doc) {
    this.doc = doc;
    this.root.hidden = !doc;
    if (!doc) return;
    this.map.show(doc);
    this.table.show(doc);
    const known = doc.layers.some((layer) => layer.name === chosenLayer.name);
    const worst = doc.layers.reduce((a, b) => (ownError(b) > ownError(a) ? b : a));
    this.#mark(known ? chosenLayer.name : worst.name);
  }

  /**
   * A layer without a histogram is shown here alone; the others everywhere, once the choice rests.
   * @param {Layer} layer
   */
  #choose({ name, has_histogram: everywhere }) {
    chosenLayer.choose(name);
    clearTimeout(this.#waiting);
    chosenLayer.ask(name); // an answer to a former choice that is still on its way is late
    if (!everywhere) return;
    this.#waiting = setTimeout(() => this.trigger("choose", { layer: name }), LAYER_RESTS);
  }

  /** @param {string | null} name */
  #mark(name) {
    const layer = this.doc?.layers.find((one) => one.name === name);
    this.#chosen = layer ?? null;
    if (!layer || !this.doc) return;
    this.map.mark(layer.name);
    this.table.mark(layer.name);
    this.sheet.show(layer, this.doc);
  }
}

/**
 * What rounding costs in a layer; more than all where it overflowed, less where nothing was kept.
 * @param {Layer} layer
 */
const ownError = ({ own_error: error }) =>
  error === OVERFLOWED ? Infinity : typeof error === "number" ? error : -1;
