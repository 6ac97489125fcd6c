// One chosen layer for the whole page: whose histogram, codes and errors are shown.
(() => {
  const { address } = window.sdqviz;
  const EVENT = "sdqviz-layer";
  const PATIENCE = 3000; // milliseconds that an answer may take
  let asked = { name: null, at: 0 };

  window.sdqviz.layer = {
    name: null,

    choose(name) {
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
      this.choose(name);
    },

    /** Calls back at every choice. */
    follow(show) {
      document.addEventListener(EVENT, show);
    },
  };
})();
