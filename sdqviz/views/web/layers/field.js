// The network over the timesteps: a row a layer, a column a timestep, coloured.

/** @typedef {"own" | "replay"} SeriesName */

/**
 * A layer's figure at a call: undefined where it has none.
 * @param {Layer} layer
 * @param {SeriesName} series
 * @param {number} call
 * @returns {Figure}
 */
function figureAtCall(layer, series, call) {
  const values = layer[series];
  return values ? (values[call] ?? OVERFLOWED) : undefined;
}

const STEPS = new Map([
  ["ArrowLeft", [0, -1]],
  ["ArrowRight", [0, 1]],
  ["ArrowUp", [-1, 0]],
  ["ArrowDown", [1, 0]],
]);

class LayerField {
  /** @type {Layer[]} */
  rows = [];
  /** @type {{ timesteps: number[], series: SeriesName, scale: ColourScale } | null} */
  #shown = null;
  /** @type {string | null} */
  #chosen = null;

  /** @param {(layer: Layer) => void} act it was chosen */
  constructor(act) {
    this.act = act;
    this.canvas = node("canvas", {
      role: "application",
      tabindex: 0,
      onclick: (event) => this.#pick(event),
      onpointermove: (event) => this.#say(...this.#cell(event)),
      onkeydown: (event) => this.#key(event),
    });
    this.now = node("i", { class: "sdql-now" });
    this.row = node("i", { class: "sdql-row" });
    this.names = node("div", { class: "sdql-names", "aria-hidden": "true" });
    const heat = node("div", { class: "sdql-heat" }, this.canvas, this.now, this.row);
    this.root = node("div", { class: "sdql-field", hidden: true }, this.names, heat);
    this.words = node("p", { class: "sdqt-values" });
    // The chosen cell, not each that is hovered.
    this.live = node("p", { class: "sdqv-unseen", "aria-live": "polite" });
  }

  /**
   * @param {Layer[]} layers
   * @param {number[]} timesteps
   * @param {SeriesName} series
   * @param {ColourScale} scale
   */
  show(layers, timesteps, series, scale) {
    this.#shown = { timesteps, series, scale };
    this.rows = layers.filter((layer) => layer[series]);
    // A pixel for each layer and timestep, stretched.
    this.canvas.width = timesteps.length;
    this.canvas.height = this.rows.length;
    const pen = penOf(this.canvas);
    this.rows.forEach((layer, row) =>
      timesteps.forEach((_, call) => {
        pen.fillStyle = scale.colour(figureAtCall(layer, series, call));
        pen.fillRect(call, row, 1, 1);
      }),
    );
    const tall = clamp(this.rows.length * 5, 240, 900);
    this.canvas.style.height = `${tall}px`;
    this.canvas.ariaLabel =
      `${scale.column.title} of ${this.rows.length} layers, from top to bottom, over ` +
      `${timesteps.length} timesteps, from left to right; arrow keys choose a layer and a timestep`;
    this.#nameRows(tall);
  }

  /**
   * Marks the cursor's timestep and the chosen layer.
   * @param {string | null} chosen
   */
  move(chosen) {
    this.#chosen = chosen;
    if (!this.#shown) return;
    const call = cursor.nearest(this.#shown.timesteps);
    const count = this.#shown.timesteps.length;
    this.now.style.left = `${(100 * call) / count}%`;
    this.now.style.width = `${100 / count}%`;
    const row = this.#chosenRow;
    this.row.hidden = row < 0;
    this.row.style.top = `${(100 * row) / this.rows.length}%`;
    this.row.style.height = `${100 / this.rows.length}%`;
    this.#say(row, call);
    this.live.textContent = this.words.textContent;
  }

  get #chosenRow() {
    return this.rows.findIndex((layer) => layer.name === this.#chosen);
  }

  /**
   * The groups' names beside their first rows, where there is room.
   * @param {number} tall
   */
  #nameRows(tall) {
    let last = "";
    let free = 0; // where the next name has room
    const names = this.rows.flatMap((layer, row) => {
      const name = groupOf(layer);
      if (name === last) return [];
      last = name;
      const top = Math.max((tall * row) / this.rows.length, free);
      free = top + 14;
      return [node("span", { style: `top:${top}px` }, name)];
    });
    this.names.replaceChildren(...names);
  }

  /**
   * @param {number} row
   * @param {number} call
   */
  #say(row, call) {
    const layer = this.rows[row];
    if (!this.#shown || !layer) {
      this.words.textContent =
        "Click a cell to choose its layer and timestep; arrow keys move both.";
      return;
    }
    const { timesteps, series, scale } = this.#shown;
    const value = scale.written(figureAtCall(layer, series, call));
    const where = `${layer.name} at t = ${timestepText(timesteps[call])}`;
    this.words.textContent = `${where}: ${scale.column.title} ${value}`;
  }

  /**
   * Row and column under the pointer.
   * @param {MouseEvent} event
   * @returns {[number, number]}
   */
  #cell({ clientX, clientY }) {
    const edge = this.canvas.getBoundingClientRect();
    /** @type {(share: number, count: number) => number} */
    const place = (share, count) => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
    const columns = this.#shown?.timesteps.length ?? 0;
    return [
      place((clientY - edge.top) / edge.height, this.rows.length),
      place((clientX - edge.left) / edge.width, columns),
    ];
  }

  /** @param {MouseEvent} event */
  #pick(event) {
    const [row, call] = this.#cell(event);
    if (this.#shown) cursor.seek(this.#shown.timesteps, call);
    this.act(this.rows[row]);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = STEPS.get(event.key);
    if (!step) return;
    event.preventDefault();
    const [down, right] = step;
    if (right) cursor.step(right);
    const next = this.rows[clamp(this.#chosenRow + down, 0, this.rows.length - 1)];
    if (down && next) this.act(next);
  }
}
