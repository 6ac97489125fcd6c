// The answer to the page's title: a sentence on picture B against picture A, and the scores. It
// stands in a place of its own where the page has one, else above the viewer.

class Answer {
  constructor() {
    this.verdict = node("div", { class: "sdqv-verdict", "aria-live": "polite" });
    this.scores = node("div", { class: "sdqv-scores" });
    this.root = node("div", { class: "sdqv sdqv-answer" }, this.verdict, this.scores);
  }

  /** @param {Element} place */
  moveTo(place) {
    place.append(this.root);
  }

  /**
   * What was kept of a picture that a run scored.
   * @param {ScenePicture} picture
   */
  tell({ verdict, chips }) {
    this.verdict.innerHTML = verdict ?? ""; // of sdqviz, with every text escaped, as the chips
    this.scores.innerHTML = chips ?? "";
  }

  /** @param {string} words of a pair that no run scored */
  say(words) {
    this.verdict.textContent = "";
    this.scores.textContent = words;
  }
}

const shownAnswer = new Answer();

/** Where the page wants it. */
class AnswerPlace {
  /** @param {Element} element */
  constructor(element) {
    shownAnswer.moveTo(element);
  }

  /** The viewer fills it. */
  show() {}
}
