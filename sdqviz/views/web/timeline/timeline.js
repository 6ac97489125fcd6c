// A scene along its steps: cursor, what both models aim at there, the errors up to there.

/**
 * `timeline_document` of `views`: errors at each call (null: not finite), the chart as HTML.
 * @typedef {{
 *   label: string, timesteps: number[], replay: (number | null)[], free_run: (number | null)[],
 *   chart: string,
 *   previews: { fp: string, student: string, width: number, height: number, how?: string } | null,
 * }} TimelineDocument
 */

class Timeline {
  /** @type {TimelineDocument | null} */
  doc = null;

  /** @param {Element} element */
  constructor(element) {
    this.slider = new CursorSlider("timestep");
    this.cells = { fp: new PreviewCell("FP"), student: new PreviewCell("") };
    this.how = node("p", { class: "sdq-about" });
    const { fp, student } = this.cells;
    this.strips = node("div", { class: "sdqt-strips" }, fp.root, student.root);
    this.chart = node("div");
    this.line = new CursorLine(this.chart);
    this.values = node("p", { class: "sdqt-values" });
    const parts = [this.slider.root, this.strips, this.how, this.chart, this.values];
    this.root = node("div", { class: "sdqv sdqt", hidden: true }, ...parts);
    element.append(this.root);
    cursor.follow(() => this.#move());
  }

  /** @param {TimelineDocument | null} doc */
  show(doc) {
    this.doc = doc;
    this.root.hidden = !doc;
    if (!doc) return;
    this.chart.innerHTML = doc.chart;
    this.line.attach(doc.timesteps);
    const { previews } = doc;
    this.strips.hidden = !previews;
    this.cells.student.title.textContent = doc.label;
    if (previews) {
      const aspect = `${previews.width} / ${previews.height}`;
      this.cells.fp.hold(previews.fp, doc.timesteps.length, aspect);
      this.cells.student.hold(previews.student, doc.timesteps.length, aspect);
    }
    this.how.hidden = previews?.how === "decoded";
    this.how.textContent = previews
      ? "Previews: the latents in approximate colours, not decoded."
      : "No previews: this run was evaluated by a version that made none.";
    cursor.cover(doc.timesteps);
  }

  #move() {
    if (!this.doc) return;
    const { timesteps, replay, free_run: free, label } = this.doc;
    if (cursor.timesteps !== timesteps) return; // a covered scene's event comes next
    const { index } = cursor;
    this.slider.move();
    const where = this.slider.where.textContent;
    const share = timesteps.length > 1 ? index / (timesteps.length - 1) : 0;
    this.cells.fp.move(share, `what FP aims at in ${where}`);
    this.cells.student.move(share, `what ${label} aims at in ${where}`);
    this.line.move();
    const errors = [errorText(replay[index]), errorText(free[index])];
    this.values.textContent = `Here: replay ${errors[0]}, free run ${errors[1]}`;
  }
}

/** One model's pictures of all calls in one strip, of which one is seen. */
class PreviewCell {
  /** @param {string} name */
  constructor(name) {
    this.title = node("figcaption", {}, name);
    this.picture = node("div", { class: "sdqt-cell", role: "img" });
    this.root = node("figure", {}, this.title, this.picture);
  }

  /**
   * @param {string} url of the strip
   * @param {number} count
   * @param {string} aspect
   */
  hold(url, count, aspect) {
    this.picture.style.backgroundImage = `url("${url}")`;
    this.picture.style.backgroundSize = `${count * 100}% 100%`;
    this.picture.style.aspectRatio = aspect;
  }

  /**
   * @param {number} share of the strip
   * @param {string} words
   */
  move(share, words) {
    this.picture.style.backgroundPosition = `${share * 100}% 0`;
    this.picture.setAttribute("aria-label", words);
  }
}
