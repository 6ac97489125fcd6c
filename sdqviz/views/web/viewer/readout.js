// What the viewer says in words: the pixel under the pointer, scores, the measured box, troubles.

/** @typedef {{ ssim: number, flip: number }} ServerScores means over a box, from the server */

class ViewerReadout {
  constructor() {
    this.pixel = node("div", { class: "sdqv-readout" });
    this.boxed = node("div", { class: "sdqv-boxed", "aria-live": "polite" });
    this.worst = node("div", { class: "sdqv-worst" });
    this.live = node("div", { class: "sdqv-unseen", "aria-live": "polite" });
    this.trouble = node("p", { class: "sdq-error", role: "alert", hidden: true });
    this.note = node("p", { class: "sdq-note", hidden: true });
  }

  /**
   * The pixel under the pointer.
   * @param {Viewer} viewer
   * @param {[number, number] | null} at
   */
  read({ mode, view, pictures }, at) {
    const zoom = `${(view.scale / pixelRatio()).toFixed(1)} × zoom`;
    const { pair } = pictures;
    if (!at || !pair || !pictures.ready) {
      this.pixel.textContent = zoom;
      return;
    }
    const [x, y] = at;
    const i = 4 * (y * pair.a.width + x);
    /** @type {(picture: LoadedPicture) => number[]} */
    const colour = (picture) => [...picture.data.data.slice(i, i + 3)];
    const where = `x ${x}, y ${y}`;
    if (mode === "all") {
      const each = pictures.drawn.map(
        (p) => `${p.label} ${channels(colour(pictures.loaded[p.key]))}`,
      );
      this.pixel.textContent = [where, ...each, zoom].join(" · ");
      return;
    }
    const [a, b] = [colour(pair.a), colour(pair.b)];
    const change = b.map((n, k) => (n - a[k] > 0 ? "+" : "") + (n - a[k]));
    this.pixel.textContent = [
      where,
      `${pictures.label("a")} ${channels(a)}`,
      `${pictures.label("b")} ${channels(b)}`,
      `B − A ${channels(change)}`,
      zoom,
    ].join(" · ");
  }

  /**
   * The scores that were kept of the pair, or what the page measures itself; and what the canvas is
   * for who cannot see it.
   * @param {ScenePictures} pictures
   * @param {HTMLCanvasElement} canvas
   */
  score(pictures, canvas) {
    const { doc, keys, scored } = pictures;
    if (!doc || !keys) return;
    const psnr = pictures.psnr(keys.b);
    const measured = `${Number.isFinite(psnr) ? "PSNR " : ""}${psnrText(psnr)}`;
    const near = measured || "not compared";
    const [a, b] = [pictures.label("a"), pictures.label("b")];
    const usual = [keys.a, keys.b].sort().join() === "fp,student";
    canvas.ariaLabel = usual ? doc.alt : `${doc.about}: ${a} and ${b}; ${near}`;
    if (scored) shownAnswer.tell(scored);
    else shownAnswer.say(pictures.ready ? `${a} against ${b}: ${near}` : "");
    this.note.textContent = pictures.notes.join(" ");
    this.note.hidden = !pictures.notes.length;
  }

  /**
   * A measured box, or null for none.
   * @param {Box | null} box
   * @param {BoxError} [error]
   */
  tellBox(box, error) {
    if (!box || !error) {
      this.boxed.textContent = "";
      return;
    }
    const psnr = pixels.psnr(error.mse);
    const near = Number.isFinite(psnr) ? psnrText(psnr) : "∞ (identical)";
    this.boxed.textContent =
      `Box ${box.w} × ${box.h} at (${box.x}, ${box.y}): PSNR ${near}, ` +
      `largest difference ${error.most} of 255`;
  }

  /**
   * What the server measured, of a box or of the whole pictures.
   * @param {ServerScores} scores
   * @param {boolean} inBox
   */
  tellMore({ ssim, flip }, inBox) {
    const place = inBox ? this.boxed : shownAnswer.scores;
    const before = (place.textContent ?? "").split(" · SSIM")[0];
    const what = inBox ? " (of the whole pictures' maps)" : "";
    place.textContent = `${before} · SSIM ${ssim.toFixed(4)} · FLIP ${flip.toFixed(4)}${what}`;
  }

  /**
   * The boxes that differ most, each to open.
   * @param {(Box & BoxError)[]} boxes
   * @param {(box: Box) => void} open
   */
  listWorst(boxes, open) {
    const buttons = boxes.map(({ mse, x, y, w, h }) =>
      button(
        `(${x}, ${y}) ${pixels.psnr(mse).toFixed(1)} dB`,
        `show and measure the box of ${w} × ${h} at ${x}, ${y}`,
        () => open({ x, y, w, h }),
      ),
    );
    this.worst.replaceChildren(...(boxes.length ? ["Most different: "] : []), ...buttons);
  }

  /**
   * The pictures that could not be loaded.
   * @param {string[]} absent
   */
  missing(absent) {
    this.trouble.hidden = !absent.length;
    this.trouble.textContent = absent.length
      ? `The picture ${absent.join(", ")} of this scene is not there any more: draw it again.`
      : "";
  }

  /** @param {string} words */
  say(words) {
    this.live.textContent = words;
  }
}

/**
 * A colour's channels, each as wide as three digits.
 * @param {(number | string)[]} values
 */
const channels = (values) => values.map((n) => String(n).padStart(3, "\u2007")).join(" ");
