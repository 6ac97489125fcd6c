// One timestep cursor for the whole page: which network call everything shows.

const CURSOR_EVENT = "sdqviz-cursor";
const CURSOR_PACE = 250; // milliseconds a call, when it runs by itself
const TYPED = [":not([type=range])", ":not([type=checkbox])", ":not([type=radio])"];
const TYPING = `textarea, select, dialog *, input${TYPED.join("")}`; // where keys are text

/**
 * The place of the timestep that is nearest to `wanted`.
 * @param {(number | null)[]} timesteps null: any
 * @param {number | null} wanted
 */
function nearestTimestep(timesteps, wanted) {
  let best = 0;
  /** @param {number | null} t */
  const away = (t) => Math.abs((t ?? 0) - (wanted ?? 0));
  timesteps.forEach((t, i) => {
    if (away(t) < away(timesteps[best])) best = i;
  });
  return best;
}

class Cursor {
  /** @type {number[]} */
  timesteps = [];
  index = 0;
  #clock = 0;
  #placed = false; // where the page's address says

  /**
   * The calls of the shown scene; the cursor stays at its timestep if there is one.
   * @param {number[]} timesteps
   */
  cover(timesteps) {
    const kept = timesteps.indexOf(this.timestep);
    this.timesteps = timesteps;
    const usual = Math.floor(timesteps.length * 0.6);
    this.set(kept >= 0 ? kept : (this.#linked(timesteps) ?? usual));
  }

  /** Goes where the page's address says. */
  recall() {
    this.#placed = false;
    this.set(this.#linked(this.timesteps) ?? this.index);
  }

  get timestep() {
    return this.timesteps[this.index];
  }

  /** @param {number} index */
  set(index) {
    this.index = clamp(index, 0, Math.max(0, this.timesteps.length - 1));
    address.set({ t: this.timestep });
    if (this.timesteps.length) document.dispatchEvent(new CustomEvent(CURSOR_EVENT));
  }

  /**
   * The place of the cursor's timestep, or the nearest one, among others.
   * @param {(number | null)[]} timesteps
   */
  nearest(timesteps) {
    // A sampler may visit a timestep twice.
    return this.#alike(timesteps, this.index)
      ? this.index
      : nearestTimestep(timesteps, this.timestep);
  }

  /**
   * Goes to call `index` of other calls: the shown scene's at that timestep, or nearest to it.
   * @param {(number | null)[]} timesteps
   * @param {number} index
   */
  seek(timesteps, index) {
    const same = this.#alike(timesteps, index);
    this.set(same ? index : nearestTimestep(this.timesteps, timesteps[index]));
  }

  /** @param {number} by */
  step(by) {
    this.set(this.index + by);
  }

  get running() {
    return Boolean(this.#clock);
  }

  /**
   * Lets the cursor run to the last call, from the first if it stands there; or stops it.
   * @param {boolean} on
   */
  run(on) {
    clearInterval(this.#clock);
    this.#clock = 0;
    if (on) {
      if (this.index === this.timesteps.length - 1) this.index = 0;
      this.#clock = setInterval(() => {
        if (this.index + 2 >= this.timesteps.length) this.run(false);
        this.step(1);
      }, CURSOR_PACE);
    }
    this.set(this.index); // the buttons follow
  }

  /**
   * Calls back at every move, and once now.
   * @param {() => void} show
   */
  follow(show) {
    document.addEventListener(CURSOR_EVENT, show);
    if (this.timesteps.length) show();
  }

  /**
   * @param {(number | null)[]} timesteps
   * @param {number} index
   */
  #alike(timesteps, index) {
    const counts = [timesteps.length, this.timesteps.length];
    return counts[0] === counts[1] && timesteps[index] === this.timesteps[index];
  }

  /**
   * The call at the timestep of the page's address, once.
   * @param {number[]} timesteps
   */
  #linked(timesteps) {
    const asked = address.get("t");
    if (asked === null || this.#placed) return undefined;
    this.#placed = true;
    const index = timesteps.indexOf(Number(asked));
    return index < 0 ? undefined : index;
  }
}

const cursor = new Cursor();
document.addEventListener(WENT_EVENT, () => cursor.recall());

// Everywhere on the page, but not where one types.
document.addEventListener("keydown", (event) => {
  const by = { ",": -1, ".": 1 }[event.key];
  const target = targetOf(event);
  const typing =
    (target instanceof HTMLElement && target.isContentEditable) || target?.matches(TYPING);
  if (!by || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  cursor.step(by);
  event.preventDefault();
});
