// A scene along its steps: cursor, what both models aim at there, the errors up to there.
(() => {
  const { kinds, node, cursor, CursorLine, CursorSlider } = window.sdqviz;

  class Timeline {
    constructor(element) {
      this.slider = new CursorSlider("timestep");
      this.cells = { fp: cell("FP"), student: cell("") };
      this.how = node("p", { class: "sdq-about" });
      this.strips = node("div", { class: "sdqt-strips" }, this.cells.fp.root, this.cells.student.root);
      this.chart = node("div");
      this.line = new CursorLine(this.chart);
      this.values = node("p", { class: "sdqt-values" });
      this.root = node("div", { class: "sdqv sdqt", hidden: true },
        this.slider.root, this.strips, this.how, this.chart, this.values);
      element.append(this.root);
      cursor.follow(() => this.#move());
    }

    /** doc: {timesteps, replay, free_run, chart (HTML), label, previews or null}, or null. */
    show(doc) {
      this.doc = doc;
      this.root.hidden = !doc;
      if (!doc) return;
      this.chart.innerHTML = doc.chart;
      this.line.attach(doc.timesteps);
      const seen = doc.previews;
      this.strips.hidden = !seen;
      this.cells.student.title.textContent = doc.label;
      if (seen) {
        for (const who of ["fp", "student"]) {
          const { picture } = this.cells[who];
          picture.style.backgroundImage = `url("${seen[who]}")`;
          picture.style.backgroundSize = `${doc.timesteps.length * 100}% 100%`;
          picture.style.aspectRatio = `${seen.width} / ${seen.height}`;
        }
      }
      this.how.hidden = Boolean(seen?.how === "decoded");
      this.how.textContent = seen
        ? "Previews: the latents in approximate colours, not decoded."
        : "No previews: this run was evaluated by a version that made none.";
      cursor.cover(doc.timesteps);
    }

    #move() {
      if (!this.doc) return;
      const { timesteps, replay, free_run: free } = this.doc;
      if (cursor.timesteps !== timesteps) return; // a covered scene's event comes next
      const [index, count] = [cursor.index, timesteps.length];
      this.slider.move();
      const text = this.slider.where.textContent;
      const share = count > 1 ? index / (count - 1) : 0;
      for (const who of ["fp", "student"]) {
        const { picture } = this.cells[who];
        picture.style.backgroundPosition = `${share * 100}% 0`;
        const name = who === "fp" ? "FP" : this.doc.label;
        picture.setAttribute("aria-label", `what ${name} aims at in ${text}`);
      }
      this.line.move();
      this.values.textContent =
        `Here: replay ${written(replay[index])}, free run ${written(free[index])}`;
    }
  }

  const written = (value) => value?.toPrecision(2) ?? "not finite";

  function cell(name) {
    const title = node("figcaption", {}, name);
    const picture = node("div", { class: "sdqt-cell", role: "img" });
    return { title, picture, root: node("figure", {}, title, picture) };
  }

  kinds.timeline = (element) => new Timeline(element);
})();
