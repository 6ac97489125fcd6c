// One timestep cursor for the whole page: which network call everything shows.
(() => {
  const { clamp, address } = window.sdqviz;
  const EVENT = "sdqviz-cursor";

  window.sdqviz.cursor = {
    timesteps: [],
    index: 0,

    /** The calls of the shown scene; the cursor stays at its timestep if there is one. */
    cover(timesteps) {
      const kept = timesteps.indexOf(this.timestep);
      this.timesteps = timesteps;
      this.set(kept >= 0 ? kept : wanted(timesteps) ?? Math.floor(timesteps.length * 0.6));
    },

    get timestep() {
      return this.timesteps[this.index];
    },

    set(index) {
      this.index = clamp(index, 0, Math.max(0, this.timesteps.length - 1));
      address.set({ t: this.timestep });
      if (this.timesteps.length) document.dispatchEvent(new CustomEvent(EVENT));
    },

    step(by) {
      this.set(this.index + by);
    },

    /** Calls back at every move, and once now. */
    follow(show) {
      document.addEventListener(EVENT, show);
      if (this.timesteps.length) show();
    },
  };

  /** The call at the timestep of the page's address, once. */
  function wanted(timesteps) {
    const asked = address.get("t");
    if (asked === null || window.sdqviz.cursor.placed) return undefined;
    window.sdqviz.cursor.placed = true;
    const found = timesteps.indexOf(Number(asked));
    return found < 0 ? undefined : found;
  }
})();
