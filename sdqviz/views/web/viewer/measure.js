// What is measured of the two chosen pictures: their scores, a box, where they differ most.

const MEASURED_EVENT = "sdqviz-region";

/** @typedef {Box & Record<Which | "run" | "scene", string>} MeasuredBox a box of two pictures */

class Measure {
  /** @type {Box | null} */
  box = null;
  /** @type {(Box & BoxError)[]} */
  worst = [];
  /** @type {MeasuredBox | null} */
  asked = null; // of the server
  told = ""; // what the box's label says
  #viewer;

  /** @param {Viewer} viewer */
  constructor(viewer) {
    this.#viewer = viewer;
    document.addEventListener(MEASURED_EVENT, (event) =>
      this.#answer(/** @type {CustomEvent<MeasuredBox & ServerScores>} */ (event).detail),
    );
  }

  /** Nothing of the former scene stays under the new one's name. */
  clear() {
    this.box = null;
    this.asked = null;
    this.#viewer.frame.words.tellBox(null);
    this.#listWorst([]);
  }

  /** The two pictures are others. */
  refresh() {
    const { pictures, frame } = this.#viewer;
    const { pair } = pictures;
    this.#listWorst(pair ? pixels.worstBoxes(pair.a.data, pair.b.data) : []);
    frame.words.score(pictures, frame.stage.canvas);
    this.select(this.box);
  }

  /**
   * A box to be measured, or null.
   * @param {Box | null} box
   */
  select(box) {
    this.box = box;
    const { pictures, frame } = this.#viewer;
    const { pair } = pictures;
    this.told = "";
    if (box && pair) {
      const error = pixels.boxError(pair.a.data, pair.b.data, box);
      this.told = `PSNR ${psnrText(pixels.psnr(error.mse))}`;
      frame.words.tellBox(box, error);
      this.#ask(box);
    } else {
      frame.words.tellBox(null);
      this.#ask(pair && !pictures.scored ? wholeBox(pair.a) : null); // two that no run scored
    }
    this.#viewer.draw();
  }

  /** @param {(Box & BoxError)[]} boxes */
  #listWorst(boxes) {
    this.worst = boxes;
    this.#viewer.frame.words.listWorst(boxes, (box) => {
      this.#viewer.view.show(box);
      this.select(box);
    });
  }

  /**
   * Asks the server for what the page cannot measure of a box; null asks nothing any more.
   * @param {Box | null} box
   */
  #ask(box) {
    const { doc, keys } = this.#viewer.pictures;
    this.asked = box && doc && keys && { ...box, ...keys, run: doc.run, scene: doc.scene };
    if (this.asked) this.#viewer.trigger("region", this.asked);
  }

  /**
   * The server's scores of a box: shown if that is still the last that was asked for.
   * @param {MeasuredBox & ServerScores} scores
   */
  #answer(scores) {
    const { asked } = this;
    if (!asked) return;
    const names = /** @type {(keyof MeasuredBox)[]} */ (Object.keys(asked));
    if (names.some((name) => scores[name] !== asked[name])) return;
    this.#viewer.frame.words.tellMore(scores, Boolean(this.box));
  }
}

/** @param {Box | null} box for the page's address */
const boxWords = (box) => box && [box.x, box.y, box.w, box.h].join(",");

/**
 * The box that an address names, where it lies within the picture.
 * @param {string | null} words
 * @param {Source | undefined} picture
 * @returns {Box | null}
 */
function boxIn(words, picture) {
  const numbers = numbersIn(words, 4);
  if (!numbers || !picture || !numbers.every(Number.isInteger)) return null;
  const [x, y, w, h] = numbers;
  const inside = x >= 0 && y >= 0 && x + w <= picture.width && y + h <= picture.height;
  return inside && w > 0 && h > 0 ? { x, y, w, h } : null;
}

/** Where the server's scores of a box come in. */
class RegionScores {
  /** @param {(MeasuredBox & ServerScores) | null} doc */
  show(doc) {
    if (doc) document.dispatchEvent(new CustomEvent(MEASURED_EVENT, { detail: doc }));
  }
}
