// The timestep cursor inside a chart over network calls: a line that follows it and can be dragged.
(() => {
  const { clamp, cursor, sideways } = window.sdqviz;
  const SVG = "http://www.w3.org/2000/svg";

  window.sdqviz.CursorLine = class {
    /** `place` holds a chart whose svg says where it draws: data-cursor="left right top bottom count". */
    constructor(place) {
      this.place = place;
      place.classList.add("sdqt-chart");
      for (const kind of ["pointerdown", "pointermove", "pointerup"]) {
        place.addEventListener(kind, (event) => {
          if (this.#drags(event)) this.#pick(event);
        });
      }
    }

    /** To be called after each drawing of a chart over the calls at these timesteps. */
    attach(timesteps) {
      this.timesteps = timesteps;
      this.svg = this.place.querySelector("svg[data-cursor]");
      if (!this.svg) return;
      const [left, right, top, bottom, count] = this.svg.dataset.cursor.split(" ").map(Number);
      this.area = { left, right, count };
      this.line = document.createElementNS(SVG, "line");
      for (const [name, value] of [["y1", top], ["y2", bottom], ["class", "sdqt-line"]]) {
        this.line.setAttribute(name, value);
      }
      this.svg.append(this.line);
    }

    move() {
      if (!this.svg) return;
      const { left, right, count } = this.area;
      const x = left + (right - left) * (cursor.nearest(this.timesteps) / Math.max(1, count - 1));
      this.line.setAttribute("x1", x);
      this.line.setAttribute("x2", x);
    }

    /** Whether the pointer moves the cursor: a mouse while it is pressed; a finger that taps or goes
        sideways, but not one that scrolls the page. */
    #drags({ type, pointerType, buttons, clientX, clientY }) {
      if (pointerType === "mouse") return type !== "pointerup" && Boolean(buttons);
      const now = [clientX, clientY];
      if (type === "pointerdown") Object.assign(this, { landed: now, drags: undefined });
      if (!this.landed) return false; // a pen in the air, or one that comes from elsewhere
      this.drags ??= sideways(this.landed, now);
      if (type !== "pointerup") return Boolean(this.drags);
      this.landed = null;
      return this.drags !== false;
    }

    #pick(event) {
      if (!this.svg) return;
      const edge = this.svg.getBoundingClientRect();
      const x = ((event.clientX - edge.left) / edge.width) * this.svg.viewBox.baseVal.width;
      const { left, right, count } = this.area;
      const share = clamp((x - left) / (right - left), 0, 1);
      cursor.seek(this.timesteps, Math.round(share * (count - 1)));
      event.preventDefault();
    }
  };
})();
