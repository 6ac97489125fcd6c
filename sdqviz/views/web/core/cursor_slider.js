// The timestep cursor as a slider with its timestep beside it, and a button that lets it run.
(() => {
  const { node, cursor } = window.sdqviz;

  window.sdqviz.CursorSlider = class {
    constructor(label) {
      this.play = node("button", { type: "button", class: "sdqt-play", onclick: () => cursor.run(!cursor.running) });
      this.slider = node("input", { type: "range", min: 0, step: 1, "aria-label": label,
        oninput: () => cursor.set(+this.slider.value) });
      this.where = node("output", { class: "sdqt-where" });
      this.root = node("div", { class: "sdqt-head" }, this.play, this.slider, this.where);
    }

    /** To be called when the cursor moved. */
    move() {
      const { index, timesteps, timestep } = cursor;
      if (!timesteps.length) return;
      this.slider.max = timesteps.length - 1;
      this.slider.value = index;
      const told = `call ${index + 1} of ${timesteps.length}, t = ${+timestep.toFixed(1)}`;
      this.where.textContent = told;
      this.slider.setAttribute("aria-valuetext", told);
      this.play.textContent = cursor.running ? "❚❚" : "▶";
      this.play.ariaLabel = cursor.running ? "stop the cursor" : "run through the timesteps";
      this.play.title = `${this.play.ariaLabel} (keys: comma and full stop for the former and the next)`;
    }
  };
})();
