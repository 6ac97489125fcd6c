// One chosen layer for the whole page: whose histogram, codes and errors are shown.
(() => {
  const { address } = window.sdqviz;
  const EVENT = "sdqviz-layer";
  const PATIENCE = 3000; // milliseconds that an answer may take
  let asked = { name: null, at: 0 };
  let linked = address.get("layer") || null; // it may have no histogram, so no answer would choose it

  window.sdqviz.layer = {
    name: null,

    choose(name) {
      linked = null;
      address.set({ layer: name });
      if (name === this.name) return;
      this.name = name;
      document.dispatchEvent(new CustomEvent(EVENT));
    },

    /** Its histogram was asked for. */
    ask(name) {
      asked = { name, at: performance.now() };
    },

    /** A histogram came. One that was asked for before the last choice changes nothing. */
    answer(name) {
      const late = asked.name !== null && asked.name !== name &&
        performance.now() - asked.at < PATIENCE;
      if (late) return;
      asked = { name: null, at: 0 };
      this.choose(linked ?? name); // the first answer is of the usual layer
    },

    /** Calls back at every choice. */
    follow(show) {
      document.addEventListener(EVENT, show);
    },
  };
})();
