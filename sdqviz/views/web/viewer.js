// The picture viewer: the pictures of one scene in eight modes, zoomed and panned as one, with the
// scores of the two that are chosen.
(() => {
  const { kinds, still, clamp, address, View, pixels } = window.sdqviz;
  const MODES = [
    ["split", "Split", "one picture left of the line, the other right"],
    ["side", "Side", "side by side, moved together"],
    ["flicker", "Flicker", "one after the other in the same place"],
    ["fade", "Fade", "mixed"],
    ["difference", "Difference", "each channel's difference, times the gain"],
    ["flip", "FLIP", "the error seen when flipping between them: 0 black, 1 pale"],
    ["all", "All", "every picture drawn from this noise, moved together"],
    ["checker", "Checker", "both at once, in the squares of a board"],
  ];
  const GAINS = [1, 2, 4, 8, 16, 32];
  const MEASURED = "sdqviz-region";
  const SQUARES = 8; // of the board, along the picture's shorter side
  const SWAPS_A_SECOND = 2; // below the three flashes a second of WCAG 2.3.1

  class Viewer {
    constructor(element, trigger) {
      this.trigger = trigger;
      this.mode = MODES.some(([name]) => name === address.get("mode")) ? address.get("mode") : "split";
      this.share = 0.5; // of the split line, and of the fade
      this.gain = GAINS.includes(+address.get("gain")) ? +address.get("gain") : 8;
      this.signed = address.get("signed") === "1";
      this.swapped = false; // by the flicker
      this.held = false; // the key that shows the other picture
      this.view = new View();
      this.loaded = {}; // key -> {image, data}
      this.box = null;
      this.built = window.sdqviz.viewerParts(this, element, MODES, GAINS);
      this.context = this.built.canvas.getContext("2d", { willReadFrequently: true });
      new ResizeObserver(() => this.draw()).observe(this.built.stage);
      window.sdqviz.viewerInput(this);
      document.addEventListener(MEASURED, (event) => this.#answer(event.detail));
      setInterval(() => this.#flick(), 1000 / SWAPS_A_SECOND);
    }

    /** doc: see viewer_document in views/pair.py, or null for nothing. */
    async show(doc) {
      const known = doc && doc.run === this.doc?.run && doc.scene === this.doc?.scene;
      if (known && doc.made < this.doc.made) return; // an older answer that came late
      const token = (this.token = {});
      const another = !known;
      this.doc = doc;
      this.built.root.hidden = !doc;
      if (another) {
        // Nothing of the former scene stays under the new one's name.
        this.loaded = {};
        this.box = this.asked = null;
        this.built.tellBox(null);
        this.built.listWorst([]);
      }
      if (!doc) return;
      const keys = doc.pictures.map((p) => p.key);
      const [a, b] = [this.keys?.a ?? address.get("a"), this.keys?.b ?? address.get("b")];
      const first = keys.includes(a) ? a : keys[0];
      const second = keys.includes(b) && b !== first ? b : keys.find((key) => key !== first);
      this.keys = { a: first, b: second };
      if (doc.chosen && doc.chosen !== this.chosen && keys.includes(doc.chosen)) {
        this.keys.b = this.chosen = doc.chosen; // asked for, and now there: once
      }
      address.set({ run: doc.run, scene: doc.scene, ...this.keys });
      this.built.offer(doc, this.keys);
      const wanted = [...doc.pictures.map((p) => [p.key, p.url]),
        ...doc.pictures.filter((p) => p.flip).map((p) => [`flip ${p.key}`, p.flip])];
      const read = await Promise.all(wanted.map(([key, url]) => load(key, url)));
      if (token !== this.token) return; // another scene was chosen meanwhile
      this.loaded = Object.fromEntries(read.filter(Boolean));
      const absent = wanted.map(([key]) => key).filter((key) => !this.loaded[key]);
      const labels = this.#labels();
      this.built.missing(absent.map((key) => labels[key] ?? `FLIP map of ${labels[key.slice(5)]}`));
      this.#measure();
      this.draw();
    }

    /** What is told of the two chosen pictures. */
    #measure() {
      this.worst = this.ready ? pixels.worstBoxes(this.a.data, this.b.data) : [];
      this.built.listWorst(this.worst);
      this.built.press(this);
      this.built.score(this);
      this.select(this.box);
    }

    /** Asks the server for what the page cannot measure of a box; null asks nothing any more. */
    #ask(box) {
      this.asked = box && { ...box, ...this.keys };
      if (box) this.trigger("region", this.asked);
    }

    /** The server's scores of a box: shown if that is still the last that was asked for. */
    #answer(scores) {
      if (!this.asked || Object.entries(this.asked).some(([name, value]) => scores[name] !== value)) return;
      this.built.tellMore(scores, Boolean(this.box));
    }

    /** The picture of the two that is scored against FP, if the other is FP. */
    get scored() {
      const keys = [this.keys.a, this.keys.b];
      const other = keys.includes("fp") && keys.find((key) => key !== "fp");
      return this.doc.pictures.find((p) => p.key === other && p.chips) ?? null;
    }

    /** The FLIP map of the two, where one was kept. */
    get flip() {
      return this.scored && this.loaded[`flip ${this.scored.key}`];
    }

    get whole() {
      return { x: 0, y: 0, w: this.a.width, h: this.a.height };
    }

    #labels() {
      return Object.fromEntries(this.doc.pictures.map((p) => [p.key, p.label]));
    }

    get a() {
      return this.loaded[this.keys.a];
    }

    get b() {
      return this.loaded[this.keys.b];
    }

    get ready() {
      return Boolean(this.doc && this.a && this.b && this.a.width === this.b.width &&
        this.a.height === this.b.height);
    }

    label(which) {
      return this.#labels()[this.keys[which]];
    }

    /** Whether B is shown where A belongs. */
    get turned() {
      return this.swapped !== this.held;
    }

    setMode(mode) {
      this.mode = mode;
      address.set({ mode });
      this.swapped = false;
      this.built.say(MODES.find(([name]) => name === mode)[1]);
      this.built.press(this);
      this.draw();
    }

    setShare(share) {
      this.share = clamp(share, 0, 1);
      this.draw();
    }

    setGain(gain, signed = this.signed) {
      Object.assign(this, { gain, signed });
      address.set({ gain, signed: signed ? 1 : null });
      this.built.press(this);
      this.draw();
    }

    choose(which, key) {
      this.keys[which] = key;
      address.set(this.keys);
      this.#measure();
      this.draw();
    }

    /** The two pictures change places. */
    exchange() {
      this.keys = { a: this.keys.b, b: this.keys.a };
      address.set(this.keys);
      this.built.offer(this.doc, this.keys);
      this.#measure();
      this.draw();
    }

    /** PSNR in dB of a picture against picture A; infinite where they are equal. */
    psnr(key) {
      const [a, other] = [this.a, this.loaded[key]];
      if (!a || !other || other.width !== a.width || other.height !== a.height) return NaN;
      return pixels.psnr(pixels.boxError(a.data, other.data, this.whole).mse);
    }

    /** A box in picture pixels to be measured, or null. */
    select(box) {
      this.box = box;
      if (box && this.ready) {
        const { mse, most } = pixels.boxError(this.a.data, this.b.data, box);
        this.built.tellBox(box, pixels.psnr(mse), most);
        this.#ask(box);
      } else {
        this.built.tellBox(null);
        this.#ask(this.ready && !this.scored ? this.whole : null); // two that no run scored
      }
      this.draw();
    }

    #flick() {
      if (this.mode !== "flicker" || still.matches || this.built.root.offsetParent === null) return;
      if (this.paused) return;
      this.swapped = !this.swapped;
      this.draw();
    }

    /** What is drawn from the shown noise and loaded: [{key, label}]. */
    get drawn() {
      return this.doc.pictures.filter((p) => p.key !== "other_seed" && this.loaded[p.key]);
    }

    /** How many panels stand side by side, and how many rows of them. */
    get grid() {
      if (this.mode === "side") return [2, 1];
      if (this.mode !== "all" || !this.drawn.length) return [1, 1];
      const room = this.built.stage.clientWidth < 560 ? 2 : 4;
      const across = Math.min(room, this.drawn.length === 4 ? 2 : this.drawn.length);
      return [across, Math.ceil(this.drawn.length / across)];
    }

    /** The panels in device pixels: {source, key, left, top, width, height}; the source of a single
        one is the mode's affair. */
    panels() {
      const { width, height } = this.built.canvas;
      const [across, down] = this.grid;
      const size = { width: Math.floor(width / across), height: Math.floor(height / down) };
      const keys = this.mode === "side" ? [this.keys.a, this.keys.b]
        : this.mode === "all" && this.drawn.length ? this.drawn.map((p) => p.key) : [null];
      return keys.map((key, i) => ({ key, source: this.loaded[key],
        left: (i % across) * size.width, top: Math.floor(i / across) * size.height, ...size }));
    }

    draw() {
      const { canvas, stage } = this.built;
      if (!this.doc || !stage.clientWidth) return;
      const ratio = window.devicePixelRatio || 1;
      const width = Math.round(stage.clientWidth * ratio);
      const [across, down] = this.grid;
      const height = Math.round(Math.min((width * down) / across, 640 * ratio * Math.min(down, 2)));
      if (canvas.width !== width || canvas.height !== height) {
        Object.assign(canvas, { width, height });
        canvas.style.height = `${height / ratio}px`;
      }
      const c = this.context;
      c.imageSmoothingEnabled = false;
      c.clearRect(0, 0, width, height);
      const any = this.a || this.b;
      if (any) {
        const [panel] = this.panels();
        this.view.frame(panel.width, panel.height, any.width, any.height);
        this.#paint(c, width, height);
      }
      this.built.place(this, ratio);
    }

    #paint(c, width, height) {
      const line = Math.round(this.share * width);
      const put = (source, from = 0, to = width, { left, top, height: tall } = { left: 0, top: 0, height }) => {
        if (!source) return;
        c.save();
        c.beginPath();
        c.rect(from, top, to - from, tall);
        c.clip();
        const { x, y, scale } = this.view;
        c.drawImage(source.image, left + x, top + y, source.width * scale, source.height * scale);
        c.restore();
      };
      if (["side", "all"].includes(this.mode)) {
        for (const panel of this.panels()) put(panel.source, panel.left, panel.left + panel.width, panel);
      } else if (this.mode === "split") {
        put(this.turned ? this.b : this.a, 0, line);
        put(this.turned ? this.a : this.b, line, width);
      } else if (this.mode === "flicker") {
        put(this.turned ? this.b : this.a);
      } else if (this.mode === "fade") {
        put(this.a);
        c.globalAlpha = this.share;
        put(this.b);
        c.globalAlpha = 1;
      } else if (this.mode === "difference" && this.ready) {
        put(asSource(pixels.difference(this.a.data, this.b.data, this.gain, this.signed)));
      } else if (this.mode === "flip") put(this.flip);
      else if (this.mode === "checker") {
        put(this.a);
        c.save();
        this.#board(c);
        put(this.b);
        c.restore();
      }
      for (const panel of this.panels()) this.#outline(c, panel);
    }

    /** Lets only every second square of a board on the picture be painted. */
    #board(c) {
      const { x, y, scale } = this.view;
      const { width, height } = this.a ?? this.b;
      const side = Math.ceil(Math.min(width, height) / SQUARES);
      c.beginPath();
      for (let row = 0; row * side < height; row++) {
        for (let column = (row + 1) % 2; column * side < width; column += 2) {
          c.rect(x + column * side * scale, y + row * side * scale, side * scale, side * scale);
        }
      }
      c.clip();
    }

    #outline(c, { left, top, width, height }) {
      if (!this.box) return;
      const { x, y, scale } = this.view;
      const box = this.box;
      c.save();
      c.beginPath();
      c.rect(left, top, width, height); // not into the panels beside
      c.clip();
      c.lineWidth = 2 * (window.devicePixelRatio || 1);
      c.strokeStyle = "#E69F00";
      c.strokeRect(left + x + box.x * scale, top + y + box.y * scale, box.w * scale, box.h * scale);
      c.restore();
    }
  }

  async function load(key, url) {
    const image = new Image();
    image.src = url;
    try {
      await image.decode();
    } catch {
      return null; // told by the viewer
    }
    const sheet = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const c = sheet.getContext("2d", { willReadFrequently: true });
    c.drawImage(image, 0, 0);
    const data = c.getImageData(0, 0, sheet.width, sheet.height);
    return [key, { image, data, width: sheet.width, height: sheet.height }];
  }

  function asSource(data) {
    const image = new OffscreenCanvas(data.width, data.height);
    image.getContext("2d").putImageData(data, 0, 0);
    return { image, width: data.width, height: data.height };
  }

  // Where the server's answer comes in.
  kinds.region = () => ({
    show: (doc) => doc && document.dispatchEvent(new CustomEvent(MEASURED, { detail: doc })),
  });
  kinds.viewer = (element, trigger) => new Viewer(element, trigger);
})();
