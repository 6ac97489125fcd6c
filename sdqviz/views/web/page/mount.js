// What the page around these scripts may use: `window.sdqviz`.

/** @type {Record<string, (element: HTMLElement, trigger: Trigger) => Component>} */
const KINDS = {
  viewer: (element, trigger) => new Viewer(element, trigger),
  went: (_, trigger) => new Went(trigger),
  answer: (element) => new AnswerPlace(element),
  region: () => new RegionScores(),
  timeline: (element) => new Timeline(element),
  culprits: (element, trigger) => new Culprits(element, trigger),
  histogram: (element) => new Histogram(element),
  gallery: (element, trigger) => new Gallery(element, trigger),
  layers: (element, trigger) => new Layers(element, trigger),
  ladder: (element) => new Ladder(element),
  toy: (element) => new Toy(element),
  lessons: (element) => new Lessons(element),
};

/**
 * Keeps `element` showing `read()`, the JSON text of a document, as a component of this kind, anew
 * on every change.
 * @param {string} kind of KINDS
 * @param {HTMLElement} element
 * @param {() => string} read
 * @param {(show: () => void) => void} changed calls back on every change
 * @param {Trigger} [trigger]
 */
function mount(kind, element, read, changed, trigger = () => {}) {
  const component = KINDS[kind](element, trigger);
  const show = () => {
    const text = read();
    // Before the first answer a grey field holds the place; "null" is an answer: nothing.
    element.classList.toggle("sdq-waiting", text === "");
    element.dataset.kind = kind;
    element.ariaBusy = String(text === "");
    component.show(text ? JSON.parse(text) : null);
  };
  changed(show);
  show();
  element.sdqviz = component; // for tests and for other components
  return component;
}

window.sdqviz = { mount, address, cursor, layer: chosenLayer };
