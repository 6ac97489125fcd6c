// What is shown, in the page's address: run, scene, pictures, mode, timestep, layer, tab, map.
(() => {
  const state = {};
  let touched = false; // a first visit's address stays as it was

  for (const kind of ["pointerdown", "keydown"]) {
    document.addEventListener(kind, () => (touched = true), { capture: true, once: true });
  }

  function link() {
    const url = new URL(location.href);
    for (const [name, value] of Object.entries(state)) {
      if (value === null || value === undefined) url.searchParams.delete(name);
      else url.searchParams.set(name, value);
    }
    return url.href;
  }

  let waiting = 0;
  window.sdqviz.address = {
    get: (name) => new URLSearchParams(location.search).get(name),
    link,

    /** Notes what is shown; the address follows a moment later. */
    set(values) {
      Object.assign(state, values);
      clearTimeout(waiting);
      if (!touched) return;
      waiting = setTimeout(() => {
        try {
          history.replaceState(null, "", link());
        } catch {
          // A page from a file may not change its address in every browser; the button copies it.
        }
      }, 300);
    },
  };
})();
