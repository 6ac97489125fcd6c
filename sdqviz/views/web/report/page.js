// The page of the static report.

class ReportPage {
  /** @param {ReportRun} run */
  constructor(run) {
    this.run = run;
    this.facts = node("div");
    this.viewer = new Slot("viewer");
    this.timeline = new Slot("timeline");
    this.histogram = new Slot("histogram");
    const scenes = run.scenes.map(({ id, label }) => [id, label]);
    this.scenes = chooser("scene", scenes, (id) => this.show(id));
    this.names = Object.keys(report.histograms);
    const names = this.names.map((name) => [name, name]);
    this.layer = chooser("layer", names, (name) => this.open(name));
    this.culprits = new Slot("culprits", (_, data) => this.open(nameIn(data, "layer")));
    this.gallery = new Slot("gallery", (_, data) => {
      this.show(nameIn(data, "scene"));
      this.scenes.scrollIntoView();
    });
    this.layers = new Slot("layers", (event, data) => {
      this.open(nameIn(data, "layer"));
      if (event === "open") this.layer.scrollIntoView();
    });
  }

  /** Fills the page. */
  build() {
    const { run } = this;
    const entering = node("p", {}, node("label", {}, "Values entering ", this.layer));
    const charts = [this.timeline.place, this.culprits.place, entering, this.histogram.place];
    document
      .querySelector("main")
      ?.append(
        node("h1", {}, run.title),
        html(run.medians),
        node("h2", {}, "The same scene under both models"),
        node("p", {}, node("label", {}, "Scene ", this.scenes)),
        node(
          "div",
          { class: "columns" },
          node("div", {}, this.viewer.place, this.facts),
          node("div", {}, ...charts),
        ),
        ...[node("h2", {}, "All scenes"), this.gallery.place],
        ...[node("h2", {}, "Layers"), this.layers.place],
        ...(run.training ? [node("h2", {}, "Training"), html(run.training)] : []),
        ...[node("h2", {}, "Size, speed, settings"), html(run.facts), html(run.settings)],
      );
    this.gallery.put(JSON.stringify(run.gallery));
    this.layers.put(JSON.stringify(run.layers));
    this.culprits.put(JSON.stringify(run.culprits));
    const scene =
      run.scenes.find(({ id }) => id === address.get("scene")) ??
      run.scenes.find(({ id }) => id === run.opens) ??
      run.scenes[0];
    this.show(scene.id);
    this.open(this.names.find((name) => name === address.get("layer")) ?? run.layer);
  }

  /**
   * Shows a scene.
   * @param {string} id
   */
  async show(id) {
    const scene = await report.load(id);
    if (!scene) {
      this.facts.innerHTML =
        `<p class="sdq-error" role="alert">data/${id}.js is missing: ` +
        "copy the whole folder of the report.</p>";
      return;
    }
    this.scenes.value = id;
    this.viewer.put(scene.viewer);
    this.timeline.put(scene.timeline);
    this.facts.innerHTML = scene.facts;
  }

  /**
   * Opens the histogram of a layer.
   * @param {string} name
   */
  open(name) {
    this.layer.value = name;
    this.histogram.put(JSON.stringify(report.histograms[name]));
  }
}

/**
 * @param {object} data of an event
 * @param {string} key
 */
const nameIn = (data, key) => String(/** @type {Record<string, unknown>} */ (data)[key]);

document.addEventListener("DOMContentLoaded", () => {
  const { matches } = window.matchMedia("(prefers-color-scheme: dark)");
  document.documentElement.classList.toggle("dark", matches);
  if (report.run) new ReportPage(report.run).build();
});
