// The timestep cursor as a slider with its timestep beside it, and a button that lets it run.

class CursorSlider {
  /** @param {string} label */
  constructor(label) {
    const run = () => cursor.run(!cursor.running);
    this.play = node("button", { type: "button", class: "sdqt-play", onclick: run });
    const oninput = () => cursor.set(+this.slider.value);
    const range = { type: "range", min: 0, step: 1 };
    this.slider = node("input", { ...range, "aria-label": label, oninput });
    this.where = node("output", { class: "sdqt-where" });
    this.root = node("div", { class: "sdqt-head" }, this.play, this.slider, this.where);
  }

  /** To be called when the cursor moved. */
  move() {
    const { index, timesteps, timestep } = cursor;
    if (!timesteps.length) return;
    this.slider.max = String(timesteps.length - 1);
    this.slider.value = String(index);
    const words = `call ${index + 1} of ${timesteps.length}, t = ${timestepText(timestep)}`;
    this.where.textContent = words;
    this.slider.setAttribute("aria-valuetext", words);
    this.play.textContent = cursor.running ? "❚❚" : "▶";
    this.play.ariaLabel = cursor.running ? "stop the cursor" : "run through the timesteps";
    const keys = "keys: comma and full stop for the former and the next";
    this.play.title = `${this.play.ariaLabel} (${keys})`;
  }
}
