// All scenes of a run, the worst first, with the distribution of a chosen score to brush.

/** @typedef {{ name: string, label: string, direction: string }} GalleryMetric */

/**
 * @typedef {{
 *   id: string, prompt: string, seed: number, urls: { fp: string, student: string },
 *   scores: Record<string, number>,
 * }} GalleryScene
 */

/**
 * `gallery_document` of `views`; every scene has a score of every metric.
 * @typedef {{ label: string, metrics: GalleryMetric[], scenes: GalleryScene[] }} GalleryDocument
 */

class Gallery {
  /** @type {GalleryDocument | null} */
  doc = null;
  /** @type {ScoreRange} */
  range = null;

  /**
   * @param {Element} element
   * @param {Trigger} trigger
   */
  constructor(element, trigger) {
    this.trigger = trigger;
    this.sort = node("select", { "aria-label": "score", onchange: () => this.#brush(null) });
    this.plot = new ScorePlot((range) => this.#brush(range));
    this.count = node("span", { class: "sdqt-values", "aria-live": "polite" });
    const onclick = () => this.#brush(null);
    this.all = node("button", { type: "button", hidden: true, onclick }, "Show all");
    this.cards = node("div", { class: "sdqg-cards" });
    const sorted = node("label", {}, "Worst first by ", this.sort);
    this.root = node(
      "div",
      { class: "sdqv sdqg", hidden: true },
      node("div", { class: "sdqv-bar" }, sorted, this.count, this.all),
      this.plot.root,
      this.cards,
    );
    element.append(this.root);
  }

  /** @param {GalleryDocument | null} doc */
  show(doc) {
    this.doc = doc;
    this.root.hidden = !doc;
    if (!doc) return;
    const { metrics } = doc;
    const kept = metrics.find((m) => m.name === this.sort.value) ?? metrics[metrics.length - 1];
    const options = metrics.map((m) => node("option", { value: m.name }, m.label));
    this.sort.replaceChildren(...options);
    this.sort.value = kept?.name ?? "";
    this.#brush(null);
  }

  /** @param {ScoreRange} range */
  #brush(range) {
    this.range = range;
    this.#draw();
  }

  #draw() {
    const metric = this.doc?.metrics.find((m) => m.name === this.sort.value);
    if (!this.doc || !metric) return;
    const { name, label, direction } = metric;
    const worse = direction === "higher" ? 1 : -1;
    const scenes = [...this.doc.scenes].sort((a, b) => worse * (a.scores[name] - b.scores[name]));
    const { range } = this;
    /** @param {GalleryScene} scene */
    const inside = ({ scores }) => !range || (scores[name] >= range[0] && scores[name] <= range[1]);
    const shown = scenes.filter(inside);
    const values = scenes.map((s) => s.scores[name]);
    this.plot.show(values, range, label);
    const hint = range ? "" : ", drag on the dots to choose a part";
    this.count.textContent = `${shown.length} of ${scenes.length} scenes${hint}`;
    this.all.hidden = !range;
    const score = (/** @type {GalleryScene} */ s) => `${label} ${s.scores[name].toFixed(3)}`;
    this.cards.replaceChildren(...shown.map((s) => this.#card(s, score(s))));
  }

  /**
   * @param {GalleryScene} scene
   * @param {string} score
   */
  #card({ id, prompt, seed, urls }, score) {
    /** @type {(src: string, label: string) => HTMLImageElement} */
    const picture = (src, label) =>
      node("img", { src, loading: "lazy", alt: `${label}: ${prompt}` });
    const pair = [picture(urls.fp, "FP"), picture(urls.student, this.doc?.label ?? "")];
    const onclick = () => this.trigger("open", { scene: id });
    return node(
      "button",
      { type: "button", class: "sdqg-card", title: "show this pair", onclick },
      node("span", { class: "sdqg-pair" }, ...pair),
      node("b", {}, score),
      node("span", {}, `${prompt} · seed ${seed}`),
    );
  }
}
