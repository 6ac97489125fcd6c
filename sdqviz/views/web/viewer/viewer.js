// The picture viewer: the pictures of one scene in several modes, zoomed and panned as one, with
// the scores of the two that are chosen.

const SWAPS_A_SECOND = 2; // below the three flashes a second of WCAG 2.3.1
const MOST_HEIGHT = 640; // pixels of the page, of a row of panels
const LEAST_HEIGHT = 260;
const BELOW_STAGE = 8; // pixels of the page that are left free below the pictures
const FIRST_SCREEN = 0.7; // of the window: a stage that begins further down is scrolled to

class Viewer {
  /** @type {Mode} */
  mode = "split";
  share = 0.5; // of the split line, and of the fade
  gain = 8;
  signed = false;
  mapGain = 1;
  #placed = false; // zoom and box are where the page's address says
  swapped = false; // by the flicker
  held = false; // the key that shows the other picture
  paused = false; // the flicker
  boxing = false; // the next drag is a box
  view = new View();
  pictures = new ScenePictures();
  measure = new Measure(this);

  /**
   * @param {Element} element
   * @param {Trigger} trigger
   */
  constructor(element, trigger) {
    this.trigger = trigger;
    this.#recallMode();
    this.frame = new ViewerFrame(this, element);
    this.painter = new Painter(this, this.frame.stage.pen);
    new ResizeObserver(() => this.draw()).observe(this.frame.stage.root);
    window.addEventListener("resize", () => this.draw()); // the height alone
    document.addEventListener(WENT_EVENT, () => this.#recall());
    new ViewerPointer(this);
    listenToKeys(this);
    setInterval(() => this.#flick(), 1000 / SWAPS_A_SECOND);
  }

  /** @param {ViewerDocument | null} doc */
  async show(doc) {
    const { pictures, frame } = this;
    const another = pictures.differs(doc);
    if (!another && doc && doc.made < (pictures.doc?.made ?? 0)) return; // an older one, late
    pictures.take(doc);
    frame.root.hidden = !doc;
    if (another) this.measure.clear();
    if (!doc) return;
    this.#noteKeys({ run: doc.run, scene: doc.scene });
    frame.tools.offer(pictures);
    const absent = await pictures.load();
    if (!absent) return; // another scene was chosen meanwhile
    frame.words.missing(absent);
    if (!this.#placed) this.#recallPlace();
    this.#compare();
  }

  get panels() {
    return viewerPanels(this);
  }

  /** Whether B is shown where A belongs. */
  get turned() {
    return this.swapped !== this.held;
  }

  /** @param {Mode} mode */
  setMode(mode) {
    this.mode = mode;
    address.set({ mode });
    this.swapped = false;
    this.frame.words.say(modeOf(mode)?.title ?? "");
    this.#press();
    this.draw();
  }

  /** @param {number} share */
  setShare(share) {
    this.share = clamp(share, 0, 1);
    this.draw();
  }

  /** @param {number} gain */
  setGain(gain, signed = this.signed) {
    Object.assign(this, { gain, signed });
    address.set({ gain, signed: signed ? 1 : null });
    this.#press();
    this.draw();
  }

  /** @param {number} gain of the maps */
  setMapGain(gain) {
    this.mapGain = gain;
    address.set({ mapgain: gain === 1 ? null : gain });
    this.#press();
    this.draw();
  }

  /**
   * @param {Which} which
   * @param {string} key
   */
  choose(which, key) {
    this.pictures.choose(which, key);
    this.#noteKeys();
    this.#compare();
  }

  /** The two pictures change places. */
  exchange() {
    this.pictures.exchange();
    this.#noteKeys();
    this.frame.tools.offer(this.pictures);
    this.#compare();
  }

  /** The next drag is a box; or no more. */
  startBox() {
    this.boxing = !this.boxing;
    if (!this.boxing) this.measure.select(null);
    this.draw();
  }

  /**
   * The key that shows the other picture.
   * @param {boolean} held
   */
  hold(held) {
    if (this.held === held) return;
    this.held = held;
    this.draw();
  }

  /**
   * @param {number} factor
   * @param {Point} [at] of the panel, in device pixels; its middle otherwise
   */
  zoomBy(factor, at) {
    this.view.zoom(factor, at?.[0], at?.[1]);
    this.draw();
    this.read(null);
  }

  fit() {
    this.view.fit();
    this.draw();
    this.read(null);
  }

  /**
   * Tells of the pixel under the pointer.
   * @param {Point | null} at
   */
  read(at) {
    this.frame.words.read(this, at);
  }

  draw() {
    const { stage } = this.frame;
    const { doc, a, b } = this.pictures;
    if (!doc || !stage.root.clientWidth) return;
    const ratio = pixelRatio();
    const width = Math.round(stage.root.clientWidth * ratio);
    const [across, down] = panelGrid(this);
    const most = stageHeight(stage.root) * ratio * Math.min(down, 2);
    stage.resize(width, Math.round(Math.min((width * down) / across, most)));
    this.painter.clear();
    const any = a ?? b;
    if (any) {
      const [panel] = this.panels;
      this.view.frame(panel.width, panel.height, any.width, any.height);
      this.painter.paint();
      address.set({ zoom: this.view.words, box: boxWords(this.measure.box) });
    }
    this.frame.place(this);
  }

  /** The browser went back or on: shows what the page's address says. */
  #recall() {
    this.#recallMode();
    this.#recallPlace();
    this.pictures.recall();
    this.frame.tools.offer(this.pictures);
    this.#compare();
  }

  #recallMode() {
    this.mode = modeOf(address.get("mode"))?.name ?? "split";
    this.gain = GAINS.find((gain) => gain === Number(address.get("gain"))) ?? 8;
    this.signed = address.get("signed") === "1";
    this.mapGain = MAP_GAINS.find((gain) => gain === Number(address.get("mapgain"))) ?? 1;
  }

  #recallPlace() {
    this.#placed = true;
    this.view.recall(address.get("zoom"));
    const { a, b } = this.pictures;
    this.measure.box = boxIn(address.get("box"), a ?? b);
  }

  /** The two pictures are others. */
  #compare() {
    this.#press();
    this.measure.refresh();
    this.draw();
  }

  #press() {
    this.frame.press(this);
    const { mode, pictures } = this;
    const map = mapOf(mode);
    if (map && pictures.ready && !pictures.map(map.name)) this.setMode("difference");
  }

  #flick() {
    const { mode, paused, frame } = this;
    if (mode !== "flicker" || paused || still.matches || !frame.root.offsetParent) return;
    this.swapped = !this.swapped;
    this.draw();
  }

  /** Notes in the address which pictures are compared. */
  #noteKeys(others = {}) {
    address.set({ ...others, ...this.pictures.keys });
  }
}

/**
 * How high a row of panels may be, in pixels of the page: what is left of the first screen.
 * @param {Element} stage
 */
function stageHeight(stage) {
  const top = stage.getBoundingClientRect().top + window.scrollY;
  if (top > FIRST_SCREEN * window.innerHeight) return MOST_HEIGHT;
  return clamp(window.innerHeight - top - BELOW_STAGE, LEAST_HEIGHT, MOST_HEIGHT);
}
