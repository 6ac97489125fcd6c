// Where a picture lies in its panel: zoom and pan, shared by all panels of a viewer.
(() => {
  const { clamp } = window.sdqviz;
  const MOST = 64; // screen pixels a picture pixel

  class View {
    constructor() {
      this.fitted = true;
    }

    /** The panel's size in device pixels and the picture's in its own. */
    frame(width, height, pictureWidth, pictureHeight) {
      Object.assign(this, { width, height, pictureWidth, pictureHeight });
      this.least = Math.min(width / pictureWidth, height / pictureHeight);
      if (this.fitted || !this.scale) this.fit();
      else this.#hold();
    }

    fit() {
      this.fitted = true;
      this.scale = this.least;
      this.x = (this.width - this.pictureWidth * this.scale) / 2;
      this.y = (this.height - this.pictureHeight * this.scale) / 2;
    }

    /** Zooms by a factor about a point of the panel, in device pixels. */
    zoom(factor, x = this.width / 2, y = this.height / 2) {
      const scale = clamp(this.scale * factor, this.least, Math.max(MOST, this.least));
      this.x = x - ((x - this.x) * scale) / this.scale;
      this.y = y - ((y - this.y) * scale) / this.scale;
      this.scale = scale;
      this.fitted = scale <= this.least * 1.001;
      this.#hold();
    }

    pan(dx, dy) {
      this.x += dx;
      this.y += dy;
      this.#hold();
    }

    /** Shows a box of the picture, in its pixels, as large as it goes. */
    show(box) {
      const scale = Math.min(this.width / box.w, this.height / box.h) * 0.8;
      this.scale = clamp(scale, this.least, Math.max(MOST, this.least));
      this.fitted = false;
      this.x = this.width / 2 - (box.x + box.w / 2) * this.scale;
      this.y = this.height / 2 - (box.y + box.h / 2) * this.scale;
      this.#hold();
    }

    /** The picture's pixel under a point of the panel, or null outside it. */
    pixel(x, y) {
      const column = Math.floor((x - this.x) / this.scale);
      const row = Math.floor((y - this.y) / this.scale);
      const inside =
        column >= 0 && row >= 0 && column < this.pictureWidth && row < this.pictureHeight;
      return inside ? [column, row] : null;
    }

    #hold() {
      // No edge of the picture leaves a gap that the picture could fill.
      const hold = (at, room, length) =>
        length <= room ? (room - length) / 2 : clamp(at, room - length, 0);
      this.x = hold(this.x, this.width, this.pictureWidth * this.scale);
      this.y = hold(this.y, this.height, this.pictureHeight * this.scale);
    }
  }
  window.sdqviz.View = View;
})();
