// A blind trial on a narrow screen: one large picture in one place, and a tap shows the next.

const flipsPictures = window.matchMedia("(max-width: 640px)");

document.addEventListener("click", (event) => {
  const target = targetOf(event);
  const asked = target?.closest("[data-flip]")?.getAttribute("data-flip");
  const picture = target?.closest(".sdq-blind[data-shown]");
  if (!asked && !(picture && flipsPictures.matches)) return;
  const stage = target?.closest("#blind-stage");
  const pictures = /** @type {HTMLElement | null} */ (stage?.querySelector("[data-shown]") ?? null);
  if (!stage || !pictures) return;
  const buttons = [...stage.querySelectorAll("[data-flip]")];
  const names = buttons.map((one) => one.getAttribute("data-flip") ?? "");
  const next = (names.indexOf(pictures.dataset.shown ?? "") + 1) % names.length;
  pictures.dataset.shown = asked ?? names[next];
  for (const one of buttons) press(one, one.getAttribute("data-flip") === pictures.dataset.shown);
});
