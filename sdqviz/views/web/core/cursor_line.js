// The timestep cursor inside a chart over network calls: a line that follows it and can be dragged.

class CursorLine {
  /** @type {number[]} */
  #timesteps = [];
  /** @type {SVGSVGElement | null} */
  #svg = null;
  #line = svgNode("line", { class: "sdqt-line" });
  #area = { left: 0, right: 0, count: 0 };
  /** @type {number[] | null} */
  #landed = null; // where in the window a finger touched
  /** @type {boolean | undefined} */
  #sideways = undefined; // whether it moves the cursor, once that is clear

  /**
   * `place` holds a chart whose svg says where it draws: data-cursor="left right top bottom count".
   * @param {HTMLElement} place
   */
  constructor(place) {
    this.place = place;
    place.classList.add("sdqt-chart");
    for (const kind of /** @type {const} */ (["pointerdown", "pointermove", "pointerup"])) {
      place.addEventListener(kind, (event) => {
        if (this.#drags(event)) this.#pick(event);
      });
    }
  }

  /**
   * To be called after each drawing of a chart over the calls at these timesteps.
   * @param {number[]} timesteps
   */
  attach(timesteps) {
    this.#timesteps = timesteps;
    this.#svg = /** @type {SVGSVGElement | null} */ (this.place.querySelector("svg[data-cursor]"));
    if (!this.#svg) return;
    const numbers = (this.#svg.dataset.cursor ?? "").split(" ").map(Number);
    const [left, right, top, bottom, count] = numbers;
    this.#area = { left, right, count };
    this.#line.setAttribute("y1", String(top));
    this.#line.setAttribute("y2", String(bottom));
    this.#svg.append(this.#line);
  }

  move() {
    if (!this.#svg) return;
    const { left, right, count } = this.#area;
    const share = cursor.nearest(this.#timesteps) / Math.max(1, count - 1);
    const x = String(left + (right - left) * share);
    this.#line.setAttribute("x1", x);
    this.#line.setAttribute("x2", x);
  }

  /**
   * Whether the pointer moves the cursor: a mouse while it is pressed; a finger that taps or goes
   * sideways, but not one that scrolls the page.
   * @param {PointerEvent} event
   */
  #drags({ type, pointerType, buttons, clientX, clientY }) {
    if (pointerType === "mouse") return type !== "pointerup" && Boolean(buttons);
    const now = [clientX, clientY];
    if (type === "pointerdown") [this.#landed, this.#sideways] = [now, undefined];
    if (!this.#landed) return false; // a pen in the air, or one that comes from elsewhere
    this.#sideways ??= sideways(this.#landed, now);
    if (type !== "pointerup") return Boolean(this.#sideways);
    this.#landed = null;
    return this.#sideways !== false;
  }

  /** @param {PointerEvent} event */
  #pick(event) {
    if (!this.#svg) return;
    const edge = this.#svg.getBoundingClientRect();
    const x = ((event.clientX - edge.left) / edge.width) * this.#svg.viewBox.baseVal.width;
    const { left, right, count } = this.#area;
    const share = clamp((x - left) / (right - left), 0, 1);
    cursor.seek(this.#timesteps, Math.round(share * (count - 1)));
    event.preventDefault();
  }
}
