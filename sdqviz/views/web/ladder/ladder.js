// The same scene with ever fewer bits: a slider over the rungs, no job behind it.

/**
 * @typedef {{
 *   url: string, scores: Record<string, number>, free_run: (number | null)[],
 * }} RungScene
 */

/**
 * `ladder_document` of `views`; every rung has every scene, in one order.
 * @typedef {{
 *   model: string, metrics: { name: string, label: string }[],
 *   scenes: {
 *     id: string, label: string, url: string, timesteps: number[],
 *     floor: Record<string, number>, ceiling: Record<string, number>,
 *   }[],
 *   rungs: {
 *     bits: string, method: string, bytes: number, fp_bytes: number, scenes: RungScene[],
 *   }[],
 * }} LadderDocument
 */

const MEGABYTE = 1e6;

class Ladder {
  /** @type {LadderDocument | null} */
  doc = null;

  /** @param {Element} element */
  constructor(element) {
    const redraw = () => this.#draw();
    this.scene = node("select", { "aria-label": "scene", onchange: redraw });
    this.slider = node("input", {
      ...{ type: "range", min: 0, step: 1, value: 0, "aria-label": "bits", oninput: redraw },
    });
    this.steps = node("div", { class: "sdqr-steps" });
    this.pictures = { fp: new LadderPicture(), rung: new LadderPicture() };
    this.facts = node("p", { class: "sdqt-values", "aria-live": "polite" });
    this.scores = node("div", { class: "sdqr-scores" });
    this.chart = node("div");
    const { fp, rung } = this.pictures;
    this.root = node(
      "div",
      { class: "sdqv sdqr", hidden: true },
      node("label", { class: "sdqr-scene" }, "Scene ", this.scene),
      node("div", { class: "sdqr-slide" }, this.slider, this.steps),
      node(
        "div",
        { class: "sdqr-body" },
        node("div", { class: "sdqr-pair" }, fp.root, rung.root),
        node("div", { class: "sdqr-side" }, this.facts, this.scores, this.chart),
      ),
    );
    element.append(this.root);
  }

  /** @param {LadderDocument | null} doc */
  show(doc) {
    this.doc = doc;
    this.root.hidden = !doc;
    if (!doc) return;
    const kept = doc.scenes.find(({ id }) => id === this.scene.value) ?? doc.scenes[0];
    const options = doc.scenes.map(({ id, label }) => node("option", { value: id }, label));
    this.scene.replaceChildren(...options);
    this.scene.value = kept.id;
    this.slider.max = String(doc.rungs.length - 1);
    this.steps.replaceChildren(
      ...doc.rungs.map(({ bits, method }, place) =>
        button(bits, `${bits}, ${method}`, () => this.go(place)),
      ),
    );
    this.#draw();
  }

  /** @param {number} place of a rung */
  go(place) {
    this.slider.value = String(place);
    this.#draw();
  }

  #draw() {
    const { doc } = this;
    const which = doc?.scenes.findIndex(({ id }) => id === this.scene.value) ?? -1;
    if (!doc || which < 0) return;
    const place = clamp(+this.slider.value, 0, doc.rungs.length - 1);
    const [scene, rung] = [doc.scenes[which], doc.rungs[place]];
    const drawn = rung.scenes[which];
    const words = `${rung.bits}, ${rung.method}`;
    this.slider.setAttribute("aria-valuetext", words);
    [...this.steps.children].forEach((step, i) => press(step, i === place));
    this.pictures.fp.show(scene.url, "FP", `FP: ${scene.label}`);
    this.pictures.rung.show(drawn.url, words, `${words}: ${scene.label}`);
    const [size, whole] = [rung.bytes, rung.fp_bytes].map((b) => (b / MEGABYTE).toFixed(1));
    const times = (rung.fp_bytes / rung.bytes).toFixed(1);
    this.facts.textContent = `${words}: ${size} of ${whole} MB, ${times} times smaller`;
    const known = doc.metrics.filter(({ name }) => name in drawn.scores && name in scene.ceiling);
    this.scores.innerHTML = known
      .map(({ name, label }) => {
        const between = [scene.floor[name], scene.ceiling[name]].map((v) => v.toPrecision(3));
        const value = `<b>${drawn.scores[name].toPrecision(3)}</b>`;
        const ends = `${term("noise")} ${between[0]}, ${term("other seed")} ${between[1]}`;
        return `<div>${term(label)} ${value} <span>${ends}</span></div>`;
      })
      .join("");
    this.#curves(which, place);
  }

  /**
   * @param {number} which scene
   * @param {number} place of the rung
   */
  #curves(which, place) {
    const { doc } = this;
    if (!doc) return;
    const { timesteps } = doc.scenes[which];
    const last = timesteps.length - 1;
    const others = doc.rungs.map((_, i) => i).filter((i) => i !== place);
    const series = [...others, place].map((i) => ({
      name: i === place ? `${doc.rungs[i].bits}, ${doc.rungs[i].method}` : "the others",
      colour: i === place ? "#d55e00" : "#9aa3ad66",
      points: /** @type {[number, number | null][]} */ (
        doc.rungs[i].scenes[which].free_run.map((error, call) => [call, error])
      ),
    }));
    const at = [0, Math.round(last / 2), last];
    this.chart.innerHTML = lineChart({
      series,
      ...{ from: 0, to: last, xTitle: "timestep (sampling runs to the right)" },
      xNames: Object.fromEntries(at.map((call) => [call, timestepText(timesteps[call])])),
      yTitle: "relative squared error",
      summary: `error of the latents over the steps, ${doc.rungs[place].bits}`,
    });
  }
}

/** One picture with its name. */
class LadderPicture {
  constructor() {
    this.title = node("figcaption");
    this.picture = node("img");
    this.root = node("figure", {}, this.title, this.picture);
  }

  /**
   * @param {string} url
   * @param {string} name
   * @param {string} words
   */
  show(url, name, words) {
    this.title.textContent = name;
    if (this.picture.getAttribute("src") !== url) this.picture.src = url;
    this.picture.alt = words;
  }
}
