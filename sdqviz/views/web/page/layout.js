// Other ways to lay the page out: for a projector, and for a class's phones.

const LAYOUTS = { present: "sdq-present", class: "sdq-guest" }; // name in the address -> CSS class

/** As the page's address says. */
function layOut() {
  for (const [name, style] of Object.entries(LAYOUTS)) {
    document.documentElement.classList.toggle(style, address.get(name) === "1");
  }
}

/** Large type and no sidebar, or no more. */
function togglePresentation() {
  const on = document.documentElement.classList.toggle(LAYOUTS.present);
  address.set({ present: on ? 1 : null });
  window.dispatchEvent(new Event("resize")); // the pictures take the room that there is
}

layOut();
document.addEventListener(WENT_EVENT, layOut);
// Everywhere on the page, but not where one types.
document.addEventListener("keydown", (event) => {
  const target = targetOf(event);
  const typing =
    (target instanceof HTMLElement && target.isContentEditable) || target?.matches(TYPING);
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key.toLowerCase() === "p") togglePresentation();
});
