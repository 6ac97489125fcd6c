// The static report: the app's components over data that lies beside them. Its data files call
// `sdqvizReport.take`; scenes are loaded when they are chosen, for a report may have hundreds.

/** @typedef {{ viewer: string, timeline: string, facts: string }} ReportScene JSON, JSON, HTML */

/**
 * What `views/report.py` says of the run; texts are HTML.
 * @typedef {{
 *   title: string, scenes: { id: string, label: string }[], opens: string, medians: string,
 *   gallery: object, layers: object, culprits: object | null, layer: string, training: string,
 *   facts: string, settings: string,
 * }} ReportRun
 */

class Report {
  /** @type {Record<string, ReportScene>} */
  scenes = {};
  /** @type {Record<string, () => void>} */
  waiting = {};
  /** @type {ReportRun | null} */
  run = null;
  /** @type {Record<string, object>} of each layer */
  histograms = {};

  /**
   * @param {"run" | "histograms"} name
   * @param {any} value
   */
  take(name, value) {
    this[name] = value;
  }

  /**
   * @param {string} id
   * @param {ReportScene} value
   */
  scene(id, value) {
    this.scenes[id] = value;
    this.waiting[id]?.();
  }

  /**
   * A scene, loaded where it was not yet; undefined where its file is missing.
   * @param {string} id
   * @returns {Promise<ReportScene | undefined>}
   */
  async load(id) {
    if (!this.scenes[id]) {
      await new Promise((done) => {
        this.waiting[id] = () => done(undefined);
        document.head.append(node("script", { src: `data/${id}.js`, onerror: done }));
      });
    }
    return this.scenes[id];
  }
}

const report = new Report();
window.sdqvizReport = report;

/** A component in a place of its own. */
class Slot {
  #text = "";
  #show = () => {};

  /**
   * @param {string} kind
   * @param {Trigger} [trigger]
   */
  constructor(kind, trigger) {
    this.place = node("div");
    const read = () => this.#text;
    mount(kind, this.place, read, (show) => (this.#show = show), trigger);
  }

  /** @param {string} text the document's JSON */
  put(text) {
    this.#text = text;
    this.#show();
  }
}

/**
 * @param {string} label
 * @param {string[][]} names each with its title
 * @param {(name: string) => void} act
 */
function chooser(label, names, act) {
  /** @type {HTMLSelectElement} */
  const select = node(
    "select",
    { "aria-label": label, onchange: () => act(select.value) },
    ...names.map(([value, title]) => node("option", { value }, title)),
  );
  return select;
}

/** @param {string} text made by sdqviz itself, with every text of a user escaped */
function html(text) {
  const place = node("div");
  place.innerHTML = text;
  return place;
}
