// The page's own namespace: what is mounted, small DOM helpers. Loaded before the other files of
// this folder, which add to it; the app and the static report load the same joined text.
(() => {
  if (window.sdqviz) return;
  const kinds = {};

  /** A DOM element: tag, attributes (on* are listeners), children. */
  function node(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value === true) made.setAttribute(name, "");
      else if (value !== false && value != null) made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  }

  /** Keeps `element` showing `read()` as a component of this kind, anew on every change. */
  function mount(kind, element, read, changed, trigger) {
    const component = kinds[kind](element, trigger || (() => {}));
    const show = () => {
      const text = read();
      // Before the first answer a grey field holds the place; "null" is an answer: nothing.
      element.classList.toggle("sdq-waiting", text === "");
      element.dataset.kind = kind;
      element.ariaBusy = text === "";
      component.show(text ? JSON.parse(text) : null);
    };
    changed(show);
    show();
    element.sdqviz = component; // for tests and for other components
    return component;
  }

  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const SURE = 6; // pixels of a finger's way that tell where it goes
  /** Whether a finger that came from `start` drags (sideways) or scrolls the page (up, down): both
      are [x, y] of the window. Undefined until it went far enough to tell. */
  const sideways = (start, [x, y]) => {
    const [across, down] = [Math.abs(x - start[0]), Math.abs(y - start[1])];
    return Math.max(across, down) < SURE ? undefined : across > down;
  };
  window.sdqviz = { kinds, mount, node, still, clamp, sideways };
})();
