// The viewer's controls: modes, the chosen pair, links to the files, zoom, box, gain, keys.

const KEY_LIST = [
  [`1 … ${MODES.length}`, "mode"],
  ["← →", "move the line or the mix (with Shift: faster); Home, End"],
  ["hold F", "show the other picture"],
  ["Space", "pause the flicker"],
  ["X", "exchange the two pictures"],
  ["+ −, 0", "zoom, fit; 9: one picture pixel on one screen pixel"],
  ["wheel", "zoom, once the picture was clicked or with Ctrl; else it scrolls the page"],
  ["drag, W A S D", "pan; Shift and drag where a drag moves the line"],
  ["G, Shift G", "more, less gain; V: with or without sign"],
  ["R", "measure a box: drag it; Esc removes it"],
  [", .", "former, next timestep (anywhere on the page)"],
  ["P", "presentation: large type, no sidebar (anywhere on the page)"],
  ["?", "this list"],
];
const COPIED_SHOWN = 5000; // milliseconds

class ViewerTools {
  /**
   * @param {Viewer} viewer
   * @param {(words: string) => void} say tells who cannot see it
   */
  constructor(viewer, say) {
    this.modes = this.#modeButtons(viewer);
    const group = { class: "sdqv-modes", role: "group", "aria-label": "mode" };
    this.bar = node("div", group, ...this.modes);
    this.choosers = { a: this.#chooser(viewer, "a"), b: this.#chooser(viewer, "b") };
    this.sources = node("div", { class: "sdqv-sources" });
    this.pair = node(
      "div",
      { class: "sdqv-pair" },
      "A ",
      this.choosers.a,
      button("⇄", "exchange A and B (X)", () => viewer.exchange()),
      " B ",
      this.choosers.b,
      this.sources,
    );
    this.link = button("Link", "copy the address of what is shown", () =>
      this.#copy(this.link, address.link(), say),
    );
    this.embed = button("Embed", "copy a frame of what is shown, for another page", () =>
      this.#copy(this.embed, address.frame(), say),
    );
    this.embed.hidden = !document.querySelector("gradio-app"); // a report has no server
    this.copied = node("div", { class: "sdqv-told" });
    this.keys = this.#keyList();
    this.region = button("▭ Box", "measure a box: drag it on the picture (R)", () =>
      viewer.startBox(),
    );
    this.gain = this.#gainChooser("gain of the difference", GAINS, (g) => viewer.setGain(g));
    this.mapGain = this.#gainChooser("gain of the map", MAP_GAINS, (g) => viewer.setMapGain(g));
    this.sign = this.#signChooser(viewer);
    // Below the picture: what comes and goes with a mode must not move it.
    this.root = node(
      "div",
      { class: "sdqv-bar sdqv-tools" },
      this.region,
      button("−", "zoom out (-)", () => viewer.zoomBy(1 / 1.5)),
      button("+", "zoom in (+)", () => viewer.zoomBy(1.5)),
      button("Fit", "show the whole picture (0)", () => viewer.fit()),
      this.link,
      this.embed,
      button("?", "keys", () => this.keys.showModal()),
      node("span", { class: "sdqv-gap" }),
      this.sign,
      this.gain,
      this.mapGain,
    );
  }

  /**
   * Offers a scene's pictures to choose and to save.
   * @param {ScenePictures} pictures
   */
  offer({ doc, keys }) {
    if (!doc || !keys) return;
    for (const which of /** @type {const} */ (["a", "b"])) {
      const options = doc.pictures.map((p) => node("option", { value: p.key }, p.label));
      this.choosers[which].replaceChildren(...options);
      this.choosers[which].value = keys[which];
    }
    // Links to the files themselves: what is saved is what was measured.
    this.sources.replaceChildren(
      ...doc.pictures.map((p) =>
        node("a", {
          href: p.url,
          download: `${p.key}.png`,
          "data-who": p.key,
          title: `save the PNG of ${p.label}`,
        }),
      ),
    );
  }

  /**
   * Shows what is chosen.
   * @param {Viewer} viewer
   */
  press({ mode, pictures, gain, mapGain, signed }) {
    for (const one of this.modes) press(one, one.dataset.mode === mode);
    for (const link of this.sources.querySelectorAll("a")) {
      const { a, b } = pictures.keys ?? {};
      const name = link.dataset.who === a ? "A" : link.dataset.who === b ? "B" : "";
      link.hidden = !name;
      link.textContent = name && `⤓ ${name}`;
    }
    for (const { name } of MAPS) {
      const shown = this.modeButton(name);
      shown.hidden = !pictures.doc?.pictures.some((p) => p[name]); // none of these runs kept one
      shown.disabled = !pictures.map(name);
    }
    this.gain.hidden = this.sign.hidden = mode !== "difference";
    this.gain.value = String(gain);
    this.mapGain.hidden = !mapOf(mode);
    this.mapGain.value = String(mapGain);
    this.sign.value = signed ? "1" : "0";
  }

  /**
   * @param {Mode} mode
   * @returns {HTMLButtonElement}
   */
  modeButton(mode) {
    return this.modes[MODES.findIndex(({ name }) => name === mode)];
  }

  /** @param {Viewer} viewer */
  #modeButtons(viewer) {
    return MODES.map(({ name, title, help }, index) => {
      const about = { type: "button", title: `${help} (${index + 1})`, "data-mode": name };
      return node("button", { ...about, onclick: () => viewer.setMode(name) }, title);
    });
  }

  /**
   * @param {string} label
   * @param {number[]} gains
   * @param {(gain: number) => void} set
   */
  #gainChooser(label, gains, set) {
    const options = gains.map((g) => node("option", { value: g }, `× ${g}`));
    const act = { "aria-label": label, onchange: () => set(Number(select.value)) };
    /** @type {HTMLSelectElement} */
    const select = node("select", act, ...options);
    return select;
  }

  /** @param {Viewer} viewer */
  #signChooser(viewer) {
    const onchange = () => viewer.setGain(viewer.gain, select.value === "1");
    /** @type {HTMLSelectElement} */
    const select = node(
      "select",
      { "aria-label": "sign of the difference", onchange },
      node("option", { value: "0" }, "|A − B|"),
      node("option", { value: "1" }, "B − A"),
    );
    return select;
  }

  /**
   * @param {Viewer} viewer
   * @param {Which} which
   */
  #chooser(viewer, which) {
    const label = `picture ${which.toUpperCase()}`;
    /** @type {HTMLSelectElement} */
    const select = node("select", {
      "aria-label": label,
      "data-which": which,
      onchange: () => viewer.choose(which, select.value),
    });
    return select;
  }

  #keyList() {
    const rows = KEY_LIST.flatMap(([key, does]) => [node("dt", {}, key), node("dd", {}, does)]);
    return node(
      "dialog",
      { class: "sdqv-keys", "aria-label": "keys" },
      node("dl", {}, ...rows),
      node("form", { method: "dialog" }, node("button", {}, "Close")),
    );
  }

  /**
   * @param {HTMLButtonElement} from
   * @param {string} text
   * @param {(words: string) => void} say
   */
  async #copy(from, text, say) {
    const label = from.textContent;
    try {
      await navigator.clipboard.writeText(text);
      say(`${label} copied`);
      from.textContent = "Copied ✓"; // where the eye is
      from.disabled = true; // until its own words are back
    } catch {
      this.copied.textContent = text; // no clipboard without a secure page: to copy by hand
    }
    setTimeout(() => {
      from.textContent = label;
      from.disabled = false;
      this.copied.textContent = "";
    }, COPIED_SHOWN);
  }
}
