// A finger has no hover: a tap on a word with a meaning (`views/terms.py`) shows it below the word.

/** @type {{ word: HTMLElement, note: HTMLElement } | null} */
let explained = null;

function closeExplanation() {
  explained?.note.remove();
  explained = null;
}

document.addEventListener("click", (event) => {
  const word = /** @type {HTMLElement | null} */ (targetOf(event)?.closest("abbr[title]") ?? null);
  const again = explained && explained.word === word;
  closeExplanation();
  if (!word || again) return;
  const note = node("div", { class: "sdq-told", role: "status" }, word.title);
  explained = { word, note };
  document.body.append(note);
  const { left, bottom } = word.getBoundingClientRect();
  const room = document.documentElement.clientWidth - note.offsetWidth - 8;
  note.style.left = `${clamp(left, 8, Math.max(8, room)) + window.scrollX}px`;
  note.style.top = `${bottom + 4 + window.scrollY}px`;
});
document.addEventListener("keydown", (event) => event.key === "Escape" && closeExplanation());
