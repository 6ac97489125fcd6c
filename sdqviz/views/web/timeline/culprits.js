// From a timestep to its layers: those whose rounding costs most there, each a button.

/** @typedef {{ name: string, own: number | null, replay: number | null }} Culprit */

/**
 * `culprits_document` of `views`: the worst layers at each timestep.
 * @typedef {{ scene: string, timesteps: number[], worst: Culprit[][] }} CulpritsDocument
 */

class Culprits {
  /** @type {CulpritsDocument | null} */
  doc = null;

  /**
   * @param {Element} element
   * @param {Trigger} trigger
   */
  constructor(element, trigger) {
    this.trigger = trigger;
    this.list = node("div", { class: "sdqv-worst" });
    this.title = node("p", { class: "sdqt-values" });
    this.root = node("div", { class: "sdqv sdqc", hidden: true }, this.title, this.list);
    element.append(this.root);
    cursor.follow(() => this.#list());
    chosenLayer.follow(() => this.#list());
  }

  /** @param {CulpritsDocument | null} doc */
  show(doc) {
    this.doc = doc;
    this.root.hidden = !doc;
    if (!doc) return;
    this.title.innerHTML =
      `Which layers? The largest ${term("own error")} at this timestep of the ` +
      `held-out scene “${escaped(doc.scene)}”:`;
    this.#list();
  }

  #list() {
    if (!this.doc || !cursor.timesteps.length) return;
    const focused = document.activeElement;
    const inside = this.list.contains(focused); // keeps the keyboard where it was
    const rank = focused?.getAttribute("data-rank");
    const worst = this.doc.worst[cursor.nearest(this.doc.timesteps)];
    const buttons = worst.map((one, i) => this.#button(one, i));
    this.list.replaceChildren(...buttons);
    if (inside) buttons[Number(rank)]?.focus();
  }

  /**
   * @param {Culprit} culprit
   * @param {number} rank
   */
  #button({ name, own, replay }, rank) {
    return node(
      "button",
      {
        type: "button",
        "data-rank": rank,
        "aria-pressed": String(name === chosenLayer.name),
        title: `${name}: own error ${errorText(own)}, in replay ${errorText(replay)}`,
        onclick: () => this.trigger("open", { layer: name }),
      },
      node("span", {}, ...name.split(/(?<=\.)/).flatMap((part) => [part, node("wbr")])),
      node("b", {}, errorText(own)),
    );
  }
}
