// Pointer, wheel and touch of the viewer.

const NEAR_LINE = 24; // pixels beside the split line that still take it

/** @typedef {[number, number]} Point */

class ViewerPointer {
  #viewer;
  /** @type {Map<number, Point>} */
  #touches = new Map(); // pointer id -> last place
  /** @type {"" | "line" | "pan" | "box" | "pinch" | "touch"} */
  #dragging = ""; // "touch": a finger that may yet scroll the page
  /** @type {Point | null} */
  #start = null; // the box's first pixel
  /** @type {Point} */
  #landed = [0, 0]; // where in the window the finger touched

  /** @param {Viewer} viewer */
  constructor(viewer) {
    this.#viewer = viewer;
    const stage = viewer.frame.stage.root;
    stage.addEventListener("pointerdown", (event) => this.#press(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    stage.addEventListener("pointerup", (event) => this.#release(event));
    stage.addEventListener("pointercancel", (event) => this.#release(event));
    stage.addEventListener("pointerleave", () => viewer.read(null));
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    stage.addEventListener("dblclick", () => viewer.fit());
    // Two fingers zoom the picture and never scroll the page, whichever way they go.
    for (const kind of /** @type {const} */ (["touchstart", "touchmove"])) {
      /** @type {(event: TouchEvent) => void} */
      const keep = (event) => {
        if (event.touches.length > 1 && event.cancelable) event.preventDefault();
      };
      stage.addEventListener(kind, keep, { passive: false });
    }
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (event.button || targetOf(event)?.closest("button")) return; // a name is not dragged
    const { stage } = this.#viewer.frame;
    this.#touches.set(event.pointerId, this.#place(event));
    stage.root.setPointerCapture(event.pointerId);
    this.#landed = [event.clientX, event.clientY];
    this.#dragging = this.#begin(event);
    this.#move(event);
    if (this.#dragging === "line" && !stage.handle.hidden) {
      stage.handle.focus({ preventScroll: true });
    } else stage.focus();
    event.preventDefault();
  }

  /**
   * What a press begins to drag.
   * @param {PointerEvent} event
   */
  #begin(event) {
    if (this.#touches.size > 1) return "pinch";
    if (this.#viewer.boxing) {
      this.#start = this.#pixelAt(event);
      return this.#start ? "box" : "";
    }
    if (event.shiftKey || !this.#takesLine(event)) return "pan";
    // A finger on a whole picture: the style sheet lets it scroll the page, up and down.
    return event.pointerType !== "mouse" && this.#viewer.view.fitted ? "touch" : "line";
  }

  /** @param {PointerEvent} event */
  #takesLine(event) {
    const { mode, share, view, frame } = this.#viewer;
    if (mode !== "split" && mode !== "fade") return false;
    const edge = frame.stage.canvas.getBoundingClientRect();
    const away = Math.abs(event.clientX - edge.left - share * edge.width);
    return event.target === frame.stage.handle || away < NEAR_LINE || view.fitted;
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const viewer = this.#viewer;
    viewer.read(this.#pixelAt(event));
    const before = this.#touches.get(event.pointerId);
    if (!before) return;
    const now = this.#place(event);
    if (this.#dragging === "touch") {
      const drags = sideways(this.#landed, [event.clientX, event.clientY]);
      if (drags !== undefined) this.#dragging = drags ? "line" : "";
    }
    if (this.#dragging === "line") this.#setLine(now);
    else if (this.#dragging === "pan") viewer.view.pan(now[0] - before[0], now[1] - before[1]);
    else if (this.#dragging === "box" && this.#start) {
      viewer.measure.box = boxBetween(this.#start, viewer.view.nearestPixel(...this.#inPanel(now)));
    } else if (this.#dragging === "pinch") this.#pinch(event.pointerId, before, now);
    this.#touches.set(event.pointerId, now);
    viewer.draw();
  }

  /**
   * @param {number} id
   * @param {Point} before
   * @param {Point} now
   */
  #pinch(id, before, now) {
    const other = [...this.#touches].find(([key]) => key !== id)?.[1];
    if (!other) return;
    const { view } = this.#viewer;
    /** @param {Point} p */
    const apart = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]);
    const middle = this.#inPanel([(now[0] + other[0]) / 2, (now[1] + other[1]) / 2]);
    view.zoom(apart(now) / Math.max(apart(before), 1), ...middle);
    view.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
  }

  /** @param {PointerEvent} event */
  #release(event) {
    const viewer = this.#viewer;
    this.#touches.delete(event.pointerId);
    const tapped = this.#dragging === "touch" && event.type === "pointerup";
    if (tapped) this.#setLine(this.#place(event));
    if (this.#dragging === "box" && viewer.measure.box) {
      viewer.boxing = false;
      viewer.measure.select(viewer.measure.box);
    }
    // Of two fingers that zoomed, the one that stays moves the picture.
    if (this.#dragging !== "pinch") this.#dragging = "";
    else if (this.#touches.size < 2) this.#dragging = this.#touches.size ? "pan" : "";
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    // A wheel over the page scrolls it; over a viewer in use it zooms.
    const used = event.ctrlKey || this.#viewer.frame.stage.root.contains(document.activeElement);
    if (!used) return;
    event.preventDefault();
    this.#viewer.zoomBy(Math.exp(-event.deltaY / 300), this.#inPanel(this.#place(event)));
  }

  /** @param {Point} place */
  #setLine([x]) {
    this.#viewer.setShare(x / this.#viewer.frame.stage.canvas.width);
  }

  /**
   * Where an event is on the canvas, in device pixels.
   * @param {MouseEvent} event
   * @returns {Point}
   */
  #place(event) {
    const edge = this.#viewer.frame.stage.canvas.getBoundingClientRect();
    const ratio = pixelRatio();
    return [(event.clientX - edge.left) * ratio, (event.clientY - edge.top) * ratio];
  }

  /**
   * The place inside its panel: some modes have several.
   * @param {Point} place
   * @returns {Point}
   */
  #inPanel([x, y]) {
    const panels = this.#viewer.panels;
    const panel = panels.findLast(({ left, top }) => x >= left && y >= top) ?? panels[0];
    return [x - panel.left, y - panel.top];
  }

  /** @param {MouseEvent} event */
  #pixelAt(event) {
    return this.#viewer.view.pixel(...this.#inPanel(this.#place(event)));
  }
}

/**
 * The box that has two pixels in its corners.
 * @param {Point} first
 * @param {Point} second
 * @returns {Box}
 */
const boxBetween = ([x, y], [column, row]) => ({
  x: Math.min(x, column),
  y: Math.min(y, row),
  w: Math.abs(column - x) + 1,
  h: Math.abs(row - y) + 1,
});
