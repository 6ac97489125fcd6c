// Lessons for a class: one at a time, each step with its link, question, answer and what to notice.

/**
 * Texts are HTML.
 * @typedef {{
 *   title: string, text: string, question: string, answer: string, notice: string,
 *   teacher: string,
 * }} StepDocument
 * @typedef {{
 *   name: string, title: string, minutes: number, goal: string, text: string,
 *   steps: StepDocument[],
 * }} LessonDocument
 */

/**
 * `lessons_document` of `views`.
 * @typedef {{ lessons: LessonDocument[], left_out: string[], toy: ToyDocument | null }}
 *   LessonsDocument
 */

class Lessons {
  /** @type {LessonsDocument | null} */
  doc = null;
  #place = 0; // of the lesson
  #bar = new LessonBar();

  /** @param {Element} element */
  constructor(element) {
    this.list = node("nav", { class: "sdqe-list", "aria-label": "lessons" });
    this.lesson = node("div", { class: "sdqe-lesson" });
    this.sheet = new LessonSheet();
    const sheet = "plan, timing, questions and answers, to be printed";
    this.toSheet = button("Teacher's sheet", sheet, () =>
      this.openSheet(Boolean(this.sheet.root.hidden)),
    );
    this.toPaper = button("Print", "print the teacher's sheet", () => window.print());
    const tools = node("div", { class: "sdqv-bar sdqe-tools" }, this.toSheet, this.toPaper);
    this.root = node(
      "div",
      { class: "sdqv sdqe", hidden: true },
      node("div", { class: "sdqe-head" }, this.list, tools),
      this.lesson,
      this.sheet.root,
    );
    this.root.addEventListener("click", (event) => this.#follow(event));
    element.append(this.root);
    document.addEventListener(WENT_EVENT, () => this.#recall());
  }

  /** @param {LessonsDocument | null} doc */
  show(doc) {
    this.root.hidden = !doc;
    if (!doc || JSON.stringify(doc) === JSON.stringify(this.doc)) return;
    this.doc = doc;
    this.list.replaceChildren(
      ...doc.lessons.map(({ title, minutes }, i) => {
        const words = `${i + 1} ${title}`;
        const one = button(words, `lesson ${words}, ${minutes} minutes`, () => this.go(i));
        one.append(node("small", {}, `${minutes} min`));
        return one;
      }),
    );
    this.sheet.show(doc);
    this.#recall();
  }

  /** @param {number} place of a lesson */
  go(place) {
    this.openSheet(false);
    this.#show(place);
    address.set({ lesson: place + 1 });
    this.root.scrollIntoView({ block: "nearest" });
  }

  /** @param {boolean} open */
  openSheet(open) {
    this.sheet.root.hidden = !open;
    this.lesson.hidden = open;
    this.list.hidden = open;
    this.toPaper.hidden = !open;
    this.toSheet.textContent = open ? "↩ Lessons" : "Teacher's sheet";
    address.set({ sheet: open ? 1 : null });
  }

  /** Shows the lesson that the page's address names. */
  #recall() {
    if (!this.doc) return;
    const asked = Number(address.get("lesson") ?? this.#place + 1) - 1;
    this.#show(clamp(Math.floor(asked) || 0, 0, this.doc.lessons.length - 1));
    this.openSheet(address.get("sheet") === "1");
  }

  /** @param {number} place */
  #show(place) {
    if (!this.doc) return;
    const { lessons, toy } = this.doc;
    const lesson = lessons[place];
    this.#place = place;
    [...this.list.children].forEach((one, i) => press(one, i === place));
    const others = [place - 1, place + 1].map((to) => {
      if (!lessons[to]) return node("span");
      const words = to < place ? `← ${lessons[to].title}` : `${lessons[to].title} →`;
      return button(words, `lesson ${to + 1}`, () => this.go(to));
    });
    this.lesson.innerHTML =
      `<h3>${place + 1}. ${escaped(lesson.title)}</h3><div class="sdqe-goal">${lesson.goal}</div>` +
      `<div class="sdqe-text">${lesson.text}</div>` +
      lesson.steps.map((step, i) => stepCard(step, i)).join("");
    this.lesson.append(node("div", { class: "sdqe-next" }, ...others));
    for (const home of this.lesson.querySelectorAll(".sdqe-toy")) {
      new Toy(home, home.getAttribute("data-source") === "weights" ? "weights" : "picture").show(
        toy,
      );
    }
  }

  /**
   * A link into the app: the page shows it without being loaded anew, unless another tab is asked.
   * @param {MouseEvent} event
   */
  #follow(event) {
    const link = /** @type {HTMLAnchorElement | null} */ (targetOf(event)?.closest("a.sdqe-open"));
    if (!link || !this.doc || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const step = Number(link.closest("[data-step]")?.getAttribute("data-step") ?? 0);
    const where = `Lesson ${this.#place + 1}, step ${step + 1}: `;
    const { question } = this.doc.lessons[this.#place].steps[step];
    const run = new URLSearchParams(link.search).get("run");
    const back = new URLSearchParams({ tab: LESSONS_TAB, lesson: String(this.#place + 1) });
    if (run) back.set("run", run);
    address.go(link.search);
    this.#bar.open(where, question, `?${back}`);
    window.scrollTo({ top: 0 });
  }
}

/**
 * @param {StepDocument} step
 * @param {number} place
 */
function stepCard({ title, text, question, answer, notice }, place) {
  return (
    `<section class="sdqe-step" data-step="${place}"><h4>${escaped(title)}</h4>${text}` +
    `<div class="sdqe-question">${question}</div>` +
    `<details><summary>Answer</summary>${answer}</details>` +
    `<div class="sdqe-notice"><b>Notice</b>${notice}</div></section>`
  );
}
