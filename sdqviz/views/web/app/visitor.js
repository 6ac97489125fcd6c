// Each event of the page carries a key of this browser tab: it tells a visitor's jobs from others'
// where the browser keeps no cookie, as in another page's frame (`server/visitors.py`). Who denies
// storage too has it until the next reload.

const VISITOR_HEADER = "x-sdqviz-visitor";
const VISITOR_PLACE = "sdqviz-visitor";

function visitorKey() {
  const numbers = crypto.getRandomValues(new Uint8Array(16));
  const fresh = Array.from(numbers, (one) => one.toString(16).padStart(2, "0")).join("");
  try {
    const kept = sessionStorage.getItem(VISITOR_PLACE) ?? fresh;
    sessionStorage.setItem(VISITOR_PLACE, kept);
    return kept;
  } catch {
    return fresh;
  }
}

/** Adds the key to whatever this page asks of its own server. */
function tellVisitor() {
  const key = visitorKey();
  const ask = window.fetch.bind(window);
  window.fetch = (input, options) => {
    const request = input instanceof Request ? input : undefined;
    const url = new URL(request?.url ?? String(input), location.href);
    if (url.origin !== location.origin) return ask(input, options);
    const headers = new Headers(options?.headers ?? request?.headers);
    headers.set(VISITOR_HEADER, key);
    return ask(input, { ...options, headers });
  };
}

tellVisitor();
