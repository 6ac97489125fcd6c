// The teacher's sheet: plan, timing, questions and answers of all lessons, to be printed.

const PRINTED = "sdqe-printed"; // what alone is on paper

class LessonSheet {
  constructor() {
    this.root = node("article", { class: "sdqe-sheet", hidden: true });
    // On paper it stands alone: a copy of it outside of all that the page is built of.
    window.addEventListener("beforeprint", () => this.#print());
    window.addEventListener("afterprint", () => this.#clear());
  }

  /** @param {LessonsDocument} doc */
  show({ lessons, left_out }) {
    let from = 0;
    const plan = lessons.map(({ title, minutes, goal }, i) => {
      const row = `<tr><td>${from} to ${from + minutes}</td><td>${i + 1}. ${escaped(title)}</td>`;
      from += minutes;
      return `${row}<td>${goal}</td></tr>`;
    });
    const missing = left_out.length
      ? `<p>Left out, because there is nothing to show here: ${escaped(left_out.join(", "))}.</p>`
      : "";
    this.root.innerHTML =
      `<h2>Teacher's sheet: ${lessons.length} lessons, ${from} minutes</h2>` +
      "<table><thead><tr><th>Minute</th><th>Lesson</th><th>Goal</th></tr></thead>" +
      `<tbody>${plan.join("")}</tbody></table>${missing}` +
      lessons.map((lesson, i) => sheetLesson(lesson, i)).join("");
    for (const toy of this.root.querySelectorAll(".sdqe-toy")) toy.textContent = "(Rounding toy)";
  }

  #print() {
    if (this.root.hidden || address.get("tab") !== LESSONS_TAB) return; // what is seen is printed
    const copy = /** @type {HTMLElement} */ (this.root.cloneNode(true));
    copy.classList.add(PRINTED);
    document.body.append(copy);
    document.body.classList.add("sdqe-printing");
  }

  #clear() {
    document.body.classList.remove("sdqe-printing");
    for (const copy of document.querySelectorAll(`.${PRINTED}`)) copy.remove();
  }
}

/**
 * @param {LessonDocument} lesson
 * @param {number} place
 */
function sheetLesson({ title, minutes, text, steps }, place) {
  const parts = steps.map(
    (step, i) =>
      `<section><h4>${place + 1}.${i + 1} ${escaped(step.title)}</h4>${step.text}` +
      `<dl><dt>Question</dt><dd>${step.question}</dd><dt>Answer</dt><dd>${step.answer}</dd>` +
      `<dt>Notice</dt><dd>${step.notice}</dd>` +
      `${step.teacher && `<dt>Teacher</dt><dd>${step.teacher}</dd>`}</dl></section>`,
  );
  return `<h3>${place + 1}. ${escaped(title)}, ${minutes} minutes</h3>${text}${parts.join("")}`;
}
