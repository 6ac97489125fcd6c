// The rounding toy: real numbers snap onto a grid while its bits and its range are dragged. All of
// it runs in the page.

/** @typedef {"picture" | "weights"} ToySource */

const LEAST_BITS = 2;
const MOST_BITS = 8;

class Toy {
  /** @type {ToyDocument | null} */
  #doc = null;
  /** @type {ToyNumbers | null} */
  #numbers = null;
  /** @type {ToySource} */
  #source;

  /**
   * @param {Element} element
   * @param {ToySource} source what it rounds first
   */
  constructor(element, source = "picture") {
    this.#source = source;
    this.sources = {
      picture: button("Picture", "round the pixels of a picture", () => this.#choose("picture")),
      weights: button("Weights", "round the weights of a layer", () => this.#choose("weights")),
    };
    this.bits = this.#slider("bits", LEAST_BITS, MOST_BITS, 4);
    this.range = this.#slider("range, in percent of the largest number", 10, 100, 100);
    this.line = this.#slider("line that the curve shows", 0, 0, 0);
    this.values = {
      bits: node("output"),
      range: node("output"),
      facts: node("dl", { class: "sdqy-facts" }),
    };
    this.before = node("canvas", { role: "img" });
    this.after = node("canvas", { role: "img" });
    this.label = node("p", { class: "sdq-about" });
    this.curve = node("div");
    this.histogram = node("div");
    this.bar = node("div", { class: "sdqy-bar", role: "img" }, node("i"), node("b"));
    this.words = node("p", { class: "sdqt-values", "aria-live": "polite" });
    this.root = this.#built();
    element.append(this.root);
    for (const canvas of [this.before, this.after]) this.#followPointer(canvas);
  }

  /** @param {ToyDocument | null} doc */
  show(doc) {
    this.root.hidden = !doc;
    if (!doc || JSON.stringify(doc) === JSON.stringify(this.#doc)) return;
    this.#doc = doc;
    this.sources.weights.hidden = !doc.weights;
    this.#choose(doc.weights ? this.#source : "picture");
  }

  #built() {
    const group = { class: "sdqv-modes", role: "group", "aria-label": "numbers to round" };
    /** @param {string} name @param {...Node} parts */
    const dragged = (name, ...parts) => node("label", { class: "sdqy-drag" }, name, ...parts);
    const pictures = node(
      "div",
      { class: "sdqy-pictures" },
      node("figure", {}, node("figcaption", {}, "before"), this.before),
      node("figure", {}, node("figcaption", {}, "after"), this.after),
      dragged("Line ", this.line),
    );
    const signs = node("div");
    signs.innerHTML = legend(
      swatch(`border-top:3px solid ${BLUE}`, "true"),
      swatch(`border-top:3px solid ${ORANGE}`, `rounded; ${term("codes")}`),
      swatch("border-top:10px solid #d55e0033", term("clipped")),
    );
    return node(
      "div",
      { class: "sdqv sdqy", hidden: true },
      node("div", { class: "sdqv-bar" }, node("div", group, ...Object.values(this.sources))),
      node(
        "div",
        { class: "sdqy-drags" },
        dragged("Bits ", this.bits, this.values.bits),
        dragged("Range ", this.range, this.values.range),
      ),
      this.bar,
      this.words,
      node(
        "div",
        { class: "sdqy-body" },
        pictures,
        node("div", { class: "sdqy-charts" }, this.curve, this.histogram, signs),
      ),
      this.values.facts,
      this.label,
    );
  }

  /**
   * @param {string} label
   * @param {number} min
   * @param {number} max
   * @param {number} value
   */
  #slider(label, min, max, value) {
    const oninput = () => this.#draw();
    return node("input", { type: "range", "aria-label": label, min, max, step: 1, value, oninput });
  }

  /**
   * A press on a picture chooses the line; a finger that goes up or down scrolls the page.
   * @param {HTMLCanvasElement} canvas
   */
  #followPointer(canvas) {
    /** @param {PointerEvent} event */
    const choose = (event) => {
      if (!this.#numbers || (event.pointerType === "mouse" && !event.buttons)) return;
      const edge = canvas.getBoundingClientRect();
      const share = (event.clientY - edge.top) / edge.height;
      this.line.value = String(Math.floor(share * this.#numbers.rows));
      this.#draw();
    };
    canvas.addEventListener("pointerdown", choose);
    canvas.addEventListener("pointermove", choose);
  }

  /** @param {ToySource} source */
  async #choose(source) {
    const doc = this.#doc;
    if (!doc) return;
    this.#source = source;
    for (const [name, one] of Object.entries(this.sources)) press(one, name === source);
    const numbers =
      source === "weights" && doc.weights
        ? weightNumbers(doc.weights)
        : await pictureNumbers(doc.picture);
    if (source !== this.#source || doc !== this.#doc) return;
    this.#numbers = numbers;
    this.line.max = String((numbers?.rows ?? 1) - 1);
    this.line.value = String(Math.round((numbers?.rows ?? 1) / 2));
    this.#draw();
  }

  #draw() {
    const numbers = this.#numbers;
    if (!numbers) return;
    const [bits, share] = [Number(this.bits.value), Number(this.range.value) / 100];
    const { low, high, symmetric, rows } = numbers;
    const grid = new Grid(bits, low * share, high * share, symmetric);
    const row = clamp(Number(this.line.value), 0, rows - 1);
    paintNumbers(this.before, numbers, (value) => value);
    paintNumbers(this.after, numbers, (value) => grid.snap(value));
    for (const canvas of [this.before, this.after]) {
      canvas.parentElement?.style.setProperty("--line", String((row + 0.5) / rows));
    }
    this.before.ariaLabel = `${numbers.label}, as it is`;
    this.after.ariaLabel = `${numbers.label}, with ${bits} bits`;
    this.label.textContent = numbers.label;
    this.curve.innerHTML = toyCurve(numbers, grid, row);
    this.histogram.innerHTML = toyHistogram(numbers, grid);
    this.#tell(grid, grid.error(numbers.values), share);
  }

  /**
   * @param {Grid} grid
   * @param {ReturnType<Grid["error"]>} error
   * @param {number} share of the largest number that the range reaches
   */
  #tell(grid, error, share) {
    const { bits, scale, zero, first, last } = grid;
    const count = last - first + 1;
    this.values.bits.textContent = `${bits}: ${count} values`;
    this.values.range.textContent = percentText(share);
    this.bits.setAttribute("aria-valuetext", `${bits} bits, ${count} values`);
    this.range.setAttribute("aria-valuetext", percentText(share));
    const [whole, beyond] = [Math.min(1, error.relative), error.byClipping];
    const [rounding, clipping] = /** @type {HTMLElement[]} */ ([...this.bar.children]);
    rounding.style.width = `${100 * whole * (1 - beyond)}%`;
    clipping.style.width = `${100 * whole * beyond}%`;
    const size = (100 * error.relative).toPrecision(3);
    const words = `error ${size} % of the numbers' own size`;
    this.bar.ariaLabel = words;
    this.words.textContent = `${words}; clipping makes ${percentText(beyond)} of its square`;
    const facts = [
      ["step (scale)", scale.toPrecision(3)],
      ["zero point", String(zero)],
      ["codes", `${first} to ${last}`],
      ["range", grid.ends.map((v) => v.toPrecision(3)).join(" to ")],
      ["clipped", percentText(error.clipped)],
    ];
    this.values.facts.innerHTML = facts
      .map(([name, value]) => `<div><dt>${term(name)}</dt><dd>${escaped(value)}</dd></div>`)
      .join("");
  }
}

/**
 * A share as text, with two digits that count.
 * @param {number} share
 */
function percentText(share) {
  const percent = 100 * share;
  if (percent === 0 || percent >= 10) return `${percent.toFixed(0)} %`;
  return `${percent.toPrecision(2)} %`;
}
