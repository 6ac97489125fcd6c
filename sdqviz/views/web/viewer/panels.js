// The panels of the viewer's canvas: one, two side by side, or one a picture.

const GAP = 6; // pixels of the page between two panels
const NARROW_STAGE = 560; // pixels of the page, below which two panels stand side by side at most

/** @typedef {{ left: number, top: number, width: number, height: number }} PanelPlace */
/** @typedef {PanelPlace & { key: string | null, source: Source | undefined }} Panel */

/**
 * How many panels stand side by side, and how many rows of them.
 * @param {Viewer} viewer
 * @returns {[number, number]}
 */
function panelGrid({ mode, pictures, frame }) {
  const { length } = pictures.drawn;
  if (mode === "side") return [2, 1];
  if (mode !== "all" || !length) return [1, 1];
  const room = frame.stage.root.clientWidth < NARROW_STAGE ? 2 : 4;
  const across = Math.min(room, length === 4 ? 2 : length);
  return [across, Math.ceil(length / across)];
}

/**
 * The panels in device pixels; the source of a single one is the mode's affair.
 * @param {Viewer} viewer
 * @returns {Panel[]}
 */
function viewerPanels(viewer) {
  const { keys, drawn, loaded } = viewer.pictures;
  const { width, height } = viewer.frame.stage.canvas;
  const [across, down] = panelGrid(viewer);
  const gap = Math.round(GAP * pixelRatio());
  const size = {
    width: Math.floor((width - gap * (across - 1)) / across),
    height: Math.floor((height - gap * (down - 1)) / down),
  };
  /** @type {(string | null)[]} */
  let shown = [null];
  if (viewer.mode === "side" && keys) shown = [keys.a, keys.b];
  else if (viewer.mode === "all" && drawn.length) shown = drawn.map((p) => p.key);
  return shown.map((key, i) => ({
    key,
    source: key === null ? undefined : loaded[key],
    left: (i % across) * (size.width + gap),
    top: Math.floor(i / across) * (size.height + gap),
    ...size,
  }));
}
