// While a class looks at what a lesson's link opened: the step's question, and the way back.

class LessonBar {
  constructor() {
    this.where = node("b");
    this.question = node("span");
    this.back = "";
    this.root = node(
      "aside",
      { class: "sdqv sdqe-bar", hidden: true, "aria-label": "the lesson's question" },
      node("div", {}, this.where, this.question),
      button("↩ Lesson", "back to the lesson", () => address.go(this.back)),
      button("×", "close the question", () => this.close()),
    );
    document.addEventListener(WENT_EVENT, () => {
      if (address.get("tab") === LESSONS_TAB) this.close();
    });
  }

  /**
   * @param {string} where
   * @param {string} question HTML
   * @param {string} back the lesson's address
   */
  open(where, question, back) {
    if (!this.root.isConnected) document.body.append(this.root);
    this.where.textContent = where;
    this.question.innerHTML = question;
    this.back = back;
    this.root.hidden = false;
  }

  close() {
    this.root.hidden = true;
  }
}
