// A finger has no hover: a tap on a word with a meaning (`views/terms.py`) shows it below the word.
(() => {
  const { node, clamp } = window.sdqviz;
  let told = null;

  const close = () => {
    told?.remove();
    told = null;
  };
  document.addEventListener("click", (event) => {
    const word = event.target.closest?.("abbr[title]");
    const again = told && told.word === word;
    close();
    if (!word || again) return;
    told = node("div", { class: "sdq-told", role: "status" }, word.title);
    told.word = word;
    document.body.append(told);
    const { left, bottom } = word.getBoundingClientRect();
    const room = document.documentElement.clientWidth - told.offsetWidth - 8;
    told.style.left = `${clamp(left, 8, Math.max(8, room)) + window.scrollX}px`;
    told.style.top = `${bottom + 4 + window.scrollY}px`;
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && close());
})();
