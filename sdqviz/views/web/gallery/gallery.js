// All scenes of a run, the worst first, with the distribution of a chosen score to brush.
(() => {
  const { kinds, node, clamp } = window.sdqviz;
  const [WIDTH, HEIGHT, EDGE] = [480, 64, 14];
  const SVG = "http://www.w3.org/2000/svg";

  class Gallery {
    constructor(element, trigger) {
      this.trigger = trigger;
      this.sort = node("select", { "aria-label": "score", onchange: () => this.#choose() });
      this.plot = document.createElementNS(SVG, "svg");
      this.plot.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
      this.plot.setAttribute("class", "sdqg-plot");
      this.count = node("span", { class: "sdqt-values", "aria-live": "polite" });
      this.all = node("button", { type: "button", hidden: true, onclick: () => this.#brush(null) }, "Show all");
      this.cards = node("div", { class: "sdqg-cards" });
      this.root = node("div", { class: "sdqv sdqg", hidden: true },
        node("div", { class: "sdqv-bar" }, node("label", {}, "Worst first by ", this.sort), this.count, this.all),
        this.plot, this.cards);
      element.append(this.root);
      this.plot.addEventListener("pointerdown", (event) => this.#drag(event));
    }

    /** doc: {label, metrics: [{name, label, direction}], scenes: [{id, prompt, seed, urls, scores}]}. */
    show(doc) {
      this.doc = doc;
      this.root.hidden = !doc;
      if (!doc) return;
      const kept = this.sort.value;
      this.sort.replaceChildren(...doc.metrics.map((m) => node("option", { value: m.name }, m.label)));
      if (doc.metrics.some((m) => m.name === kept)) this.sort.value = kept;
      else this.sort.value = doc.metrics[doc.metrics.length - 1]?.name ?? "";
      this.#choose();
    }

    #choose() {
      this.metric = this.doc.metrics.find((m) => m.name === this.sort.value);
      this.range = null;
      this.#draw();
    }

    #brush(range) {
      this.range = range;
      this.#draw();
    }

    get #x() {
      const values = this.doc.scenes.map((s) => s.scores[this.metric.name]);
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const room = WIDTH - 2 * EDGE;
      const to = (v) => EDGE + (high > low ? (room * (v - low)) / (high - low) : room / 2);
      to.back = (x) => low + ((x - EDGE) / room) * (high - low);
      return to;
    }

    #draw() {
      if (!this.metric) return;
      const { name, label, direction } = this.metric;
      const worse = direction === "higher" ? 1 : -1;
      const scenes = [...this.doc.scenes].sort((a, b) => worse * (a.scores[name] - b.scores[name]));
      const inside = (s) => !this.range || (s.scores[name] >= this.range[0] && s.scores[name] <= this.range[1]);
      const shown = scenes.filter(inside);
      const x = this.#x;
      const ends = [scenes[0], scenes[scenes.length - 1]].map((s) => s.scores[name]);
      const brush = this.range
        ? `<rect x="${x(this.range[0])}" width="${x(this.range[1]) - x(this.range[0])}" y="4" height="40" class="sdqg-brush"/>` : "";
      const texts = [...new Set(ends)].map((v) =>
        `<text x="${x(v)}" y="60" font-size="11" fill="currentColor" text-anchor="${
          x(v) > WIDTH / 2 ? "end" : "start"}">${v.toFixed(3)}${v === ends[0] ? " (worst)" : ""}</text>`);
      const dots = scenes.map((s) =>
        `<circle cx="${x(s.scores[name])}" cy="24" r="6" fill="#0072B2" fill-opacity="${inside(s) ? 0.75 : 0.2}"/>`);
      this.plot.innerHTML = `<line x1="${EDGE}" x2="${WIDTH - EDGE}" y1="24" y2="24" stroke="currentColor" stroke-opacity="0.3"/>` +
        brush + dots.join("") + texts.join("");
      this.plot.setAttribute("role", "img");
      this.plot.setAttribute("aria-label", `${label} of ${scenes.length} scenes, from ${
        ends[0].toFixed(3)} (worst) to ${ends[1].toFixed(3)}; drag to choose a part`);
      this.count.textContent = `${shown.length} of ${scenes.length} scenes${
        this.range ? "" : ", drag on the dots to choose a part"}`;
      this.all.hidden = !this.range;
      this.cards.replaceChildren(...shown.map((s) => this.#card(s, `${label} ${s.scores[name].toFixed(3)}`)));
    }

    #card(scene, score) {
      const picture = (who, label) => node("img", { src: scene.urls[who], loading: "lazy",
        alt: `${label}: ${scene.prompt}` });
      return node("button", { type: "button", class: "sdqg-card", title: "show this pair",
        onclick: () => this.trigger("open", { scene: scene.id }) },
        node("span", { class: "sdqg-pair" }, picture("fp", "FP"), picture("student", this.doc.label)),
        node("b", {}, score), node("span", {}, `${scene.prompt} · seed ${scene.seed}`));
    }

    #drag(event) {
      const edge = this.plot.getBoundingClientRect();
      const at = (e) => clamp(((e.clientX - edge.left) / edge.width) * WIDTH, EDGE, WIDTH - EDGE);
      const start = at(event);
      const x = this.#x;
      this.plot.setPointerCapture(event.pointerId);
      const move = (e) => {
        const [a, b] = [start, at(e)].sort((p, q) => p - q);
        if (b - a > 4) this.#brush([x.back(a) - 1e-9, x.back(b) + 1e-9]);
      };
      const end = () => {
        this.plot.removeEventListener("pointermove", move);
        this.plot.removeEventListener("pointerup", end);
      };
      this.plot.addEventListener("pointermove", move);
      this.plot.addEventListener("pointerup", end);
      event.preventDefault();
    }
  }
  kinds.gallery = (element, trigger) => new Gallery(element, trigger);
})();
