// One timestep cursor for the whole page: which network call everything shows.
(() => {
  const { clamp, address } = window.sdqviz;
  const EVENT = "sdqviz-cursor";
  const PACE = 250; // milliseconds a call, when it runs by itself

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

    /** The place of the cursor's timestep, or the nearest one, among others. */
    nearest(timesteps) {
      if (timesteps.length === this.timesteps.length && timesteps[this.index] === this.timestep) {
        return this.index; // a sampler may visit a timestep twice
      }
      return closest(timesteps, this.timestep);
    },

    /** Goes to call `index` of other calls: the shown scene's at that timestep, or nearest to it. */
    seek(timesteps, index) {
      const same = timesteps.length === this.timesteps.length &&
        timesteps[index] === this.timesteps[index];
      this.set(same ? index : closest(this.timesteps, timesteps[index]));
    },

    step(by) {
      this.set(this.index + by);
    },

    get running() {
      return Boolean(this.clock);
    },

    /** Lets the cursor run to the last call, from the first if it stands there; or stops it. */
    run(on) {
      clearInterval(this.clock);
      this.clock = 0;
      if (on) {
        if (this.index === this.timesteps.length - 1) this.index = 0;
        this.clock = setInterval(() => {
          if (this.index + 2 >= this.timesteps.length) this.run(false);
          this.step(1);
        }, PACE);
      }
      this.set(this.index); // the buttons follow
    },

    /** Calls back at every move, and once now. */
    follow(show) {
      document.addEventListener(EVENT, show);
      if (this.timesteps.length) show();
    },
  };

  // Everywhere on the page, but not where one types.
  document.addEventListener("keydown", (event) => {
    const by = { ",": -1, ".": 1 }[event.key];
    const { target } = event;
    const typing = target.isContentEditable || target.matches?.("textarea, select, dialog *, input:not([type=range]):not([type=checkbox]):not([type=radio])");
    if (!by || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    window.sdqviz.cursor.step(by);
    event.preventDefault();
  });

  function closest(timesteps, wanted) {
    let best = 0;
    timesteps.forEach((t, i) => {
      if (Math.abs(t - wanted) < Math.abs(timesteps[best] - wanted)) best = i;
    });
    return best;
  }

  /** The call at the timestep of the page's address, once. */
  function wanted(timesteps) {
    const asked = address.get("t");
    if (asked === null || window.sdqviz.cursor.placed) return undefined;
    window.sdqviz.cursor.placed = true;
    const found = timesteps.indexOf(Number(asked));
    return found < 0 ? undefined : found;
  }
})();
