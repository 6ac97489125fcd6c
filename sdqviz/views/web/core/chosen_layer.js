// One chosen layer for the whole page: whose histogram, codes and errors are shown.

const LAYER_EVENT = "sdqviz-layer";
const LAYER_PATIENCE = 3000; // milliseconds that an answer may take

class ChosenLayer {
  /** @type {string | null} */
  name = null;
  /** @type {{ name: string | null, at: number }} */
  #asked = { name: null, at: 0 };
  #linked = address.get("layer") || null; // it may have no histogram, so no answer would choose it

  /** @param {string} name */
  choose(name) {
    this.#linked = null;
    address.set({ layer: name });
    if (name === this.name) return;
    this.name = name;
    document.dispatchEvent(new CustomEvent(LAYER_EVENT));
  }

  /**
   * Its histogram was asked for.
   * @param {string} name
   */
  ask(name) {
    this.#asked = { name, at: performance.now() };
  }

  /**
   * A histogram came. One that was asked for before the last choice changes nothing.
   * @param {string} name
   */
  answer(name) {
    const { name: wanted, at } = this.#asked;
    if (wanted !== null && wanted !== name && performance.now() - at < LAYER_PATIENCE) return;
    this.#asked = { name: null, at: 0 };
    this.choose(this.#linked ?? name); // the first answer is of the usual layer
  }

  /**
   * Calls back at every choice.
   * @param {() => void} show
   */
  follow(show) {
    document.addEventListener(LAYER_EVENT, show);
  }
}

const chosenLayer = new ChosenLayer();
