// What is shown, in the page's address: run, scene, pictures, mode, timestep, layer, tab, map.

class Address {
  /** @type {Record<string, unknown>} */
  #state = {};
  #touched = false; // a first visit's address stays as it was
  #waiting = 0;

  constructor() {
    for (const kind of ["pointerdown", "keydown"]) {
      const touch = () => {
        this.#touched = true;
      };
      document.addEventListener(kind, touch, { capture: true, once: true });
    }
  }

  /** @param {string} name */
  get(name) {
    return new URLSearchParams(location.search).get(name);
  }

  /** The address of what is shown. */
  link() {
    const url = new URL(location.href);
    for (const [name, value] of Object.entries(this.#state)) {
      if (value === null || value === undefined) url.searchParams.delete(name);
      else url.searchParams.set(name, String(value));
    }
    return url.href;
  }

  /**
   * Notes what is shown; the address follows a moment later.
   * @param {Record<string, unknown>} values null and undefined take the name out
   */
  set(values) {
    Object.assign(this.#state, values);
    clearTimeout(this.#waiting);
    if (!this.#touched) return;
    this.#waiting = setTimeout(() => {
      try {
        history.replaceState(null, "", this.link());
      } catch {
        // A page from a file may not change its address in every browser; the button copies it.
      }
    }, 300);
  }
}

const address = new Address();
