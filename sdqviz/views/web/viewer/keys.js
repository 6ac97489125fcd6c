// Keys of the viewer.

const PAN_BY = 40; // pixels of the page a key

/** @typedef {Record<string, () => void>} KeyActs what each key does, with and without Shift */

/**
 * @param {Viewer} viewer
 * @returns {KeyActs}
 */
function viewActs(viewer) {
  /** @type {(x: number, y: number) => () => void} */
  const pan = (x, y) => () => {
    viewer.view.pan(x * PAN_BY * pixelRatio(), y * PAN_BY * pixelRatio());
    viewer.draw();
  };
  return {
    "+": () => viewer.zoomBy(1.5),
    "=": () => viewer.zoomBy(1.5),
    "-": () => viewer.zoomBy(1 / 1.5),
    0: () => viewer.fit(),
    9: () => viewer.zoomBy(1 / viewer.view.scale),
    w: pan(0, 1),
    a: pan(1, 0),
    s: pan(0, -1),
    d: pan(-1, 0),
  };
}

/**
 * @param {Viewer} viewer
 * @returns {KeyActs}
 */
function modeActs(viewer) {
  /** @param {number} by */
  const line = (by) => () => viewer.setShare(viewer.share + by);
  /** @param {number} factor */
  const gain = (factor) => () => {
    if (mapOf(viewer.mode)) {
      viewer.setMapGain(clamp(viewer.mapGain * factor, 1, MAP_GAINS[MAP_GAINS.length - 1]));
      return;
    }
    if (viewer.mode !== "difference") viewer.setMode("difference");
    viewer.setGain(clamp(viewer.gain * factor, GAINS[0], GAINS[GAINS.length - 1]));
  };
  /** @type {KeyActs} */
  const modes = {};
  MODES.forEach(({ name }, index) => {
    modes[index + 1] = () => {
      if (!viewer.frame.tools.modeButton(name).disabled) viewer.setMode(name);
    };
  });
  return {
    ...modes,
    ArrowLeft: line(-0.01),
    ArrowRight: line(0.01),
    "Shift+ArrowLeft": line(-0.1),
    "Shift+ArrowRight": line(0.1),
    PageDown: line(-0.1),
    PageUp: line(0.1),
    Home: () => viewer.setShare(0),
    End: () => viewer.setShare(1),
    g: gain(2),
    "Shift+G": gain(0.5),
    v: () => viewer.setGain(viewer.gain, !viewer.signed),
    " ": () => {
      viewer.paused = !viewer.paused;
    },
  };
}

/**
 * @param {Viewer} viewer
 * @returns {KeyActs}
 */
function otherActs(viewer) {
  return {
    x: () => viewer.exchange(),
    r: () => viewer.startBox(),
    Escape: () => {
      viewer.boxing = false;
      viewer.measure.select(null);
    },
    "?": () => viewer.frame.tools.keys.showModal(),
  };
}

/**
 * Listens to the keys while the viewer, or a part of it, has the focus.
 * @param {Viewer} viewer
 */
function listenToKeys(viewer) {
  const { root, tools } = viewer.frame;
  /** @type {KeyActs} */
  const acts = { ...viewActs(viewer), ...modeActs(viewer), ...otherActs(viewer) };
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || tools.keys.open) return;
    const tag = targetOf(event)?.tagName;
    if (tag === "SELECT") return;
    if (tag === "BUTTON" && event.key === " ") return; // presses the button
    if (event.key.toLowerCase() === "f") {
      viewer.hold(true);
      return;
    }
    const act = (event.shiftKey && acts[`Shift+${event.key}`]) || acts[event.key];
    if (!act) return;
    act();
    event.preventDefault();
    event.stopPropagation();
  });
  root.addEventListener("keyup", (event) => {
    if (event.key.toLowerCase() === "f") viewer.hold(false);
  });
  // A key that is let go elsewhere tells nothing here.
  window.addEventListener("blur", () => viewer.hold(false));
  root.addEventListener("focusout", () => viewer.hold(false));
}
