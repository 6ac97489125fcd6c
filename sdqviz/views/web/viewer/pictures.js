// The pictures of one scene, as loaded, and the two of them that are compared: A and B.

/**
 * `verdict` and `chips` (HTML) are its scores against FP in words and as bars, `note` what one must
 * know of it; its maps' addresses.
 * @typedef {{
 *   key: string, label: string, url: string,
 *   verdict?: string, chips?: string, note?: string,
 * } & { [name in MapName]?: string }} ScenePicture
 */

/**
 * `viewer_document` of `views`.
 * @typedef {{
 *   run: string, scene: string, pictures: ScenePicture[], about: string, alt: string,
 *   chosen: string, made: number,
 * }} ViewerDocument
 */

/** @typedef {{ image: CanvasImageSource, width: number, height: number }} Source */
/** @typedef {Source & { data: ImageData }} LoadedPicture */
/** @typedef {"a" | "b"} Which */

class ScenePictures {
  /** @type {ViewerDocument | null} */
  doc = null;
  /** @type {Record<Which, string> | null} */
  keys = null;
  /** @type {Record<string, LoadedPicture>} */
  loaded = {};
  #chosen = ""; // the picture that was asked for, once it was there

  /**
   * Whether a document is of another scene than the last.
   * @param {ViewerDocument | null} doc
   */
  differs(doc) {
    return !doc || doc.run !== this.doc?.run || doc.scene !== this.doc.scene;
  }

  /**
   * Takes a document, and chooses its pair: the last, the page's address's, or the first two.
   * @param {ViewerDocument | null} doc
   */
  take(doc) {
    if (this.differs(doc)) this.loaded = {};
    this.doc = doc;
    if (!doc) return;
    const known = doc.pictures.map((p) => p.key);
    const wanted = this.keys ?? { a: address.get("a") ?? "", b: address.get("b") ?? "" };
    const a = known.includes(wanted.a) ? wanted.a : known[0];
    const second = known.find((key) => key !== a) ?? a;
    const b = known.includes(wanted.b) && wanted.b !== a ? wanted.b : second;
    this.keys = { a, b };
    if (doc.chosen && doc.chosen !== this.#chosen && known.includes(doc.chosen)) {
      this.keys.b = this.#chosen = doc.chosen; // asked for, and now there: once
    }
  }

  /** The pair that the page's address names. */
  recall() {
    this.keys = null;
    this.take(this.doc);
  }

  /**
   * Loads the pictures of the document that was taken last; null if another came meanwhile, else
   * the names of those that are not there any more.
   */
  async load() {
    const { doc } = this;
    if (!doc) return null;
    const wanted = doc.pictures.map(({ key, url, label }) => ({ key, url, label }));
    for (const { name, title } of MAPS) {
      for (const { key, label, [name]: url } of doc.pictures) {
        if (url) wanted.push({ key: `${name} ${key}`, url, label: `${title} of ${label}` });
      }
    }
    const read = await Promise.all(wanted.map(({ url }) => loadPicture(url)));
    if (doc !== this.doc) return null;
    this.loaded = {};
    wanted.forEach(({ key }, i) => {
      const picture = read[i];
      if (picture) this.loaded[key] = picture;
    });
    return wanted.filter(({ key }) => !this.loaded[key]).map(({ label }) => label);
  }

  /** @returns {LoadedPicture | undefined} */
  get a() {
    return this.loaded[this.keys?.a ?? ""];
  }

  /** @returns {LoadedPicture | undefined} */
  get b() {
    return this.loaded[this.keys?.b ?? ""];
  }

  /** Both pictures of the pair, where they are loaded and equally large. */
  get pair() {
    const { a, b } = this;
    return a && b && a.width === b.width && a.height === b.height ? { a, b } : null;
  }

  get ready() {
    return Boolean(this.doc && this.pair);
  }

  /** The picture of the two that is scored against FP, if the other is FP. */
  get scored() {
    const { a, b } = this.keys ?? { a: "", b: "" };
    const other = a === "fp" ? b : b === "fp" ? a : null;
    return this.doc?.pictures.find((p) => p.key === other && p.chips) ?? null;
  }

  /**
   * A map of the two, where one was kept.
   * @param {MapName} name
   * @returns {LoadedPicture | undefined}
   */
  map(name) {
    return this.scored ? this.loaded[`${name} ${this.scored.key}`] : undefined;
  }

  /** What is drawn from the shown noise and loaded. */
  get drawn() {
    const all = this.doc?.pictures ?? [];
    return all.filter((p) => p.key !== "other_seed" && this.loaded[p.key]);
  }

  /** What a reader must know of the two. */
  get notes() {
    const { a, b } = this.keys ?? { a: "", b: "" };
    const both = (this.doc?.pictures ?? []).filter((p) => [a, b].includes(p.key));
    return both.flatMap((p) => p.note || []);
  }

  /** @param {Which} which */
  label(which) {
    return this.doc?.pictures.find((p) => p.key === this.keys?.[which])?.label ?? "";
  }

  /**
   * @param {Which} which
   * @param {string} key
   */
  choose(which, key) {
    if (this.keys) this.keys[which] = key;
  }

  /** The two change places. */
  exchange() {
    if (this.keys) this.keys = { a: this.keys.b, b: this.keys.a };
  }

  /**
   * PSNR in dB of a picture against picture A: infinite where they are equal, NaN where they cannot
   * be compared.
   * @param {string} key
   */
  psnr(key) {
    const [a, other] = [this.a, this.loaded[key]];
    if (!a || !other || other.width !== a.width || other.height !== a.height) return NaN;
    return pixels.psnr(pixels.boxError(a.data, other.data, wholeBox(a)).mse);
  }
}

/**
 * The box of a whole picture.
 * @param {Source} picture
 * @returns {Box}
 */
const wholeBox = ({ width, height }) => ({ x: 0, y: 0, w: width, h: height });

/**
 * A picture and its pixels; null where it is not there, which the viewer tells.
 * @param {string} url
 * @returns {Promise<LoadedPicture | null>}
 */
async function loadPicture(url) {
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
  } catch {
    return null;
  }
  const sheet = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
  const pen = penOf(sheet);
  pen.drawImage(image, 0, 0);
  const data = pen.getImageData(0, 0, sheet.width, sheet.height);
  return { image, data, width: sheet.width, height: sheet.height };
}

/**
 * Pixels as a picture to draw.
 * @param {ImageData} data
 * @returns {Source}
 */
function sourceOf(data) {
  const image = new OffscreenCanvas(data.width, data.height);
  penOf(image).putImageData(data, 0, 0);
  return { image, width: data.width, height: data.height };
}
