// The static report: the app's components over data that lies beside them. Its data files call
// `sdqvizReport.take`; scenes are loaded when they are chosen, for a report may have hundreds.
(() => {
  const { node, mount } = window.sdqviz;
  const report = { scenes: {}, waiting: {} };
  window.sdqvizReport = report;
  report.take = (name, value) => {
    report[name] = value;
  };
  report.scene = (id, value) => {
    report.scenes[id] = value;
    report.waiting[id]?.();
  };

  function slot(kind, trigger) {
    const place = node("div");
    let text = "";
    let show = () => {};
    const component = mount(kind, place, () => text, (changed) => (show = changed), trigger);
    return { place, component, put: (value) => { text = value; show(); } };
  }

  function choose(label, names, act) {
    const select = node("select", { "aria-label": label, onchange: () => act(select.value) },
      ...names.map(([value, title]) => node("option", { value }, title)));
    return select;
  }

  function html(text) {
    const place = node("div");
    place.innerHTML = text; // made by sdqviz itself, with every text of a user escaped
    return place;
  }

  async function show(id, parts) {
    if (!report.scenes[id]) {
      await new Promise((done, failed) => {
        report.waiting[id] = done;
        document.head.append(node("script", { src: `data/${id}.js`, onerror: failed }));
      }).catch(() => {
        parts.facts.innerHTML = '<p class="sdq-error" role="alert">data/' + id +
          ".js is missing: copy the whole folder of the report.</p>";
      });
    }
    const scene = report.scenes[id];
    if (!scene) return;
    parts.scenes.value = id;
    parts.viewer.put(scene.viewer);
    parts.timeline.put(scene.timeline);
    parts.facts.innerHTML = scene.facts;
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.documentElement.classList.toggle("dark",
      window.matchMedia("(prefers-color-scheme: dark)").matches);
    const { run } = report;
    const parts = { facts: node("div") };
    parts.viewer = slot("viewer");
    parts.timeline = slot("timeline");
    parts.histogram = slot("histogram");
    parts.scenes = choose("scene", run.scenes.map((s) => [s.id, s.label]), (id) => show(id, parts));
    const names = Object.keys(report.histograms);
    const layer = choose("layer", names.map((n) => [n, n]), (name) => open(name));
    const open = (name) => {
      layer.value = name;
      parts.histogram.put(JSON.stringify(report.histograms[name]));
    };
    const gallery = slot("gallery", (event, data) => {
      show(data.scene, parts);
      parts.scenes.scrollIntoView();
    });
    const layers = slot("layers", (event, data) => {
      open(data.layer);
      if (event === "open") layer.scrollIntoView();
    });
    parts.culprits = slot("culprits", (event, data) => open(data.layer));
    document.querySelector("main").append(
      node("h1", {}, run.title),
      html(run.medians),
      node("h2", {}, "The same scene under both models"),
      node("p", {}, node("label", {}, "Scene ", parts.scenes)),
      node("div", { class: "columns" },
        node("div", {}, parts.viewer.place, parts.facts),
        node("div", {}, parts.timeline.place, parts.culprits.place,
          node("p", {}, node("label", {}, "Values entering ", layer)),
          parts.histogram.place)),
      node("h2", {}, "All scenes"), gallery.place,
      node("h2", {}, "Layers"), layers.place,
      ...(run.training ? [node("h2", {}, "Training"), html(run.training)] : []),
      node("h2", {}, "Size, speed, settings"), html(run.facts), html(run.settings),
    );
    gallery.put(JSON.stringify(run.gallery));
    layers.put(JSON.stringify(run.layers));
    parts.culprits.put(JSON.stringify(run.culprits));
    const asked = window.sdqviz.address.get("scene");
    show(run.scenes.some((s) => s.id === asked) ? asked : run.scenes[0].id, parts);
    const wanted = window.sdqviz.address.get("layer");
    open(names.includes(wanted) ? wanted : run.layer);
  });
})();
