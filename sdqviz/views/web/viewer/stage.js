// Where the viewer's pictures are: canvas, split handle, the names over them.

class ViewerStage {
  constructor() {
    this.canvas = node("canvas", { role: "img" });
    this.pen = penOf(this.canvas);
    this.handle = node("div", {
      class: "sdqv-handle",
      role: "slider",
      tabindex: 0,
      "aria-orientation": "horizontal",
      "aria-valuemin": 0,
      "aria-valuemax": 100,
    });
    this.left = node("span", { class: "sdqv-tag" });
    this.right = node("span", { class: "sdqv-tag" });
    this.names = node("div", { class: "sdqv-names" }); // one a picture, where all are shown
    this.scale = new ScaleBar();
    const words = [this.left, this.right, this.names, this.scale.root];
    const parts = [this.canvas, this.handle, ...words];
    this.root = node("div", { class: "sdqv-stage", tabindex: 0 }, ...parts);
  }

  /** The keys go on where what had the focus is gone. */
  focus() {
    this.root.focus({ preventScroll: true });
  }

  /**
   * Makes the canvas this large, in device pixels.
   * @param {number} width
   * @param {number} height
   */
  resize(width, height) {
    if (this.canvas.width === width && this.canvas.height === height) return;
    Object.assign(this.canvas, { width, height });
    this.canvas.style.height = `${height / pixelRatio()}px`;
  }

  /** @param {Viewer} viewer */
  press({ mode }) {
    const focused = document.activeElement === this.handle;
    this.handle.hidden = mode !== "split" && mode !== "fade";
    if (focused && this.handle.hidden) this.focus();
    this.handle.classList.toggle("sdqv-mix", mode === "fade");
  }

  /**
   * Puts handle and names where the pictures are.
   * @param {Viewer} viewer
   */
  place(viewer) {
    const { mode, share, pictures, boxing, view } = viewer;
    const [a, b] = [pictures.label("a"), pictures.label("b")];
    const percent = Math.round(share * 100);
    this.handle.style.left = `${clamp(share, 0, 1) * 100}%`;
    this.handle.setAttribute("aria-valuenow", String(percent));
    const mixed = `${percent} % ${b} mixed into ${a}`;
    const divided = `left ${percent} %: ${a}, right of it: ${b}`;
    this.handle.setAttribute("aria-valuetext", mode === "fade" ? mixed : divided);
    this.handle.setAttribute("aria-label", mode === "fade" ? "mix" : "split line");
    const [left, right] = modeCaptions(viewer);
    this.left.textContent = left;
    this.right.textContent = right;
    this.right.hidden = !right;
    this.scale.show(viewer);
    this.root.classList.toggle("sdqv-boxing", boxing);
    this.root.classList.toggle("sdqv-zoomed", !view.fitted);
    this.root.dataset.zoom = (view.scale / pixelRatio()).toFixed(2);
    this.#placeNames(viewer);
  }

  /**
   * The name of each panel where all pictures are shown.
   * @param {Viewer} viewer
   */
  #placeNames(viewer) {
    const { doc, keys, drawn } = viewer.pictures;
    const panels = viewer.mode === "all" ? viewer.panels : [];
    const labels = drawn.map((p) => [p.key, p.label]);
    const made = JSON.stringify([doc?.run, doc?.scene, keys?.a, ...labels]);
    if (this.names.dataset.made !== made || this.names.children.length !== panels.length) {
      this.names.dataset.made = made; // not while the pictures are moved: a name may have the focus
      const shown = panels.flatMap(({ key }) => drawn.find((p) => p.key === key) ?? []);
      this.names.replaceChildren(...shown.map((picture) => this.#name(viewer, picture)));
    }
    const tags = /** @type {HTMLCollectionOf<HTMLElement>} */ (this.names.children);
    [...tags].forEach(({ style }, i) => {
      const { left, top, width } = panels[i];
      style.left = `${left / pixelRatio() + 6}px`;
      style.top = `${top / pixelRatio() + 6}px`;
      style.maxWidth = `${width / pixelRatio() - 12}px`;
    });
  }

  /**
   * A picture's name; it opens the picture against A.
   * @param {Viewer} viewer
   * @param {ScenePicture} picture
   */
  #name(viewer, { key, label }) {
    const { pictures } = viewer;
    if (key === pictures.keys?.a) return node("span", { class: "sdqv-tag" }, `${label} (A)`);
    const open = () => {
      viewer.choose("b", key);
      viewer.frame.tools.offer(pictures);
      viewer.setMode("split");
      this.focus(); // the pressed name is gone
    };
    const against = `PSNR against ${pictures.label("a")}`;
    const title = `${against}; click to see the two under the split line`;
    return node(
      "button",
      { type: "button", class: "sdqv-tag", onclick: open, title },
      node("span", {}, label),
      node("b", {}, psnrText(pictures.psnr(key))),
    );
  }
}
