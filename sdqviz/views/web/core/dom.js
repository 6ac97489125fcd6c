// Small DOM helpers. The files of this folder are joined into one function (`views/script.py`), in
// the app and in the static report alike: what one declares, those after it may use.

/**
 * Tells the server, or the report, that something happened.
 * @typedef {(event: string, data: object) => void} Trigger
 */

/**
 * Attributes of an element: true is an empty one; false, null and undefined are none. `on*` listen.
 * @typedef {{
 *   onclick?: (event: MouseEvent) => void,
 *   onchange?: (event: Event) => void,
 *   oninput?: (event: Event) => void,
 *   onerror?: (event: Event) => void,
 *   onkeydown?: (event: KeyboardEvent) => void,
 *   onpointermove?: (event: PointerEvent) => void,
 *   [name: string]: string | number | boolean | null | undefined | ((event: any) => void),
 * }} Attributes
 */

const SVG = "http://www.w3.org/2000/svg";
const SURE = 6; // pixels of a finger's way that tell where it goes

/**
 * A DOM element: tag, attributes, children.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
function node(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      made.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, String(value));
  }
  made.append(...children);
  return made;
}

/**
 * An SVG element.
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number>} attributes
 * @returns {SVGElementTagNameMap[Tag]}
 */
function svgNode(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

/**
 * A button with its text; `title` is what it does.
 * @param {string} text
 * @param {string} title
 * @param {() => void} act
 */
function button(text, title, act) {
  return node("button", { type: "button", title, "aria-label": title, onclick: act }, text);
}

/**
 * Shows whether a button is pressed.
 * @param {Element} element
 * @param {boolean} on
 */
function press(element, on) {
  element.setAttribute("aria-pressed", String(on));
}

/**
 * The element that an event happened to; the document itself is none.
 * @param {Event} event
 */
function targetOf({ target }) {
  return target instanceof Element ? target : null;
}

/**
 * The drawing pen of a canvas whose pixels are read.
 * @template {HTMLCanvasElement | OffscreenCanvas} Canvas
 * @param {Canvas} canvas
 */
function penOf(canvas) {
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  if (!pen) throw new Error("this browser draws no canvas");
  return /** @type {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} */ (pen);
}

/** Device pixels a pixel of the page. */
const pixelRatio = () => window.devicePixelRatio || 1;

const still = window.matchMedia("(prefers-reduced-motion: reduce)");

/** @type {(value: number, low: number, high: number) => number} */
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/**
 * Whether a finger that came from `start` drags (sideways) or scrolls the page (up, down): both are
 * [x, y] of the window. Undefined until it went far enough to tell.
 * @param {number[]} start
 * @param {number[]} now
 */
function sideways(start, [x, y]) {
  const [across, down] = [Math.abs(x - start[0]), Math.abs(y - start[1])];
  return Math.max(across, down) < SURE ? undefined : across > down;
}
