// What is shown, in the address: run, scene, pictures, mode, zoom, box, timestep, layer, tab, map.
// Another run, scene or tab is a step that the browser's *back* takes back.

const WENT_EVENT = "sdqviz-went"; // back or forward: the address is what is to be shown
const PLACES = ["run", "scene", "tab"];
const LASTING = ["present", "class", "__theme"]; // how the page looks, whatever it shows
const EMBED = "embed"; // 1: the viewer alone
const LESSONS_TAB = "lessons"; // the tab's name

class Address {
  /** @type {Record<string, unknown>} */
  #state = {};
  #touched = false; // a first visit's address stays as it was
  #returning = false; // what the page now shows was asked for by *back*: no step of its own
  #isStep = false;
  #waiting = 0;

  constructor() {
    this.#state.tab = this.get("tab");
    for (const kind of ["pointerdown", "keydown"]) {
      const touch = () => {
        this.#touched = true;
        this.#returning = false;
      };
      document.addEventListener(kind, touch, { capture: true });
    }
    window.addEventListener("popstate", () => this.#go());
  }

  /** @param {string} name */
  get(name) {
    return new URLSearchParams(location.search).get(name);
  }

  /** The address of what is shown, in the whole app. */
  link() {
    const url = new URL(location.href);
    url.searchParams.delete(EMBED);
    for (const [name, value] of Object.entries(this.#state)) {
      if (value === null || value === undefined) url.searchParams.delete(name);
      else url.searchParams.set(name, String(value));
    }
    return url.href;
  }

  /** The HTML of a frame that shows the viewer alone, for another page. */
  frame() {
    const url = new URL(this.link());
    url.searchParams.delete("tab");
    url.searchParams.set(EMBED, "1");
    const source = url.href.replaceAll("&", "&amp;").replaceAll('"', "%22");
    const looks = 'width="720" height="760" style="border:0" loading="lazy"';
    return `<iframe src="${source}" title="FP beside W4A8" ${looks}></iframe>`;
  }

  /**
   * Notes what is shown; the address follows a moment later.
   * @param {Record<string, unknown>} values null and undefined take the name out
   */
  set(values) {
    const moved = PLACES.some((name) => name in values && this.#differs(name, values[name]));
    Object.assign(this.#state, values);
    if (!this.#touched) return;
    this.#isStep ||= moved && !this.#returning;
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => this.#write(), 300);
  }

  /**
   * Shows what another address of this page names, as if the browser had gone there; *back* leads
   * to where one was.
   * @param {string} search of the address, with its question mark
   */
  go(search) {
    clearTimeout(this.#waiting);
    this.#write();
    const url = new URL(search, location.href);
    for (const name of LASTING) {
      const kept = this.get(name);
      if (kept !== null && !url.searchParams.has(name)) url.searchParams.set(name, kept);
    }
    history.pushState(null, "", url);
    this.#go();
  }

  #write() {
    const step = this.#isStep;
    this.#isStep = false;
    if (this.get(EMBED) === "1") return; // its address is another page's to write
    try {
      if (step) history.pushState(null, "", this.link());
      else history.replaceState(null, "", this.link());
    } catch {
      // A page from a file may not change its address in every browser; the button copies it.
    }
  }

  /** The browser went to another address of this page. */
  #go() {
    clearTimeout(this.#waiting);
    this.#isStep = false;
    this.#returning = true;
    for (const name of Object.keys(this.#state)) this.#state[name] = this.get(name);
    document.dispatchEvent(new CustomEvent(WENT_EVENT));
  }

  /**
   * Whether a noted name now has another value.
   * @param {string} name
   * @param {unknown} value
   */
  #differs(name, value) {
    return name in this.#state && (this.#state[name] ?? null) !== (value ?? null);
  }
}

const address = new Address();

/** Tells the server of the address that the browser went to. */
class Went {
  /** @param {Trigger} trigger */
  constructor(trigger) {
    const names = [...PLACES, "layer"];
    document.addEventListener(WENT_EVENT, () => {
      trigger("went", Object.fromEntries(names.map((name) => [name, address.get(name) ?? ""])));
    });
  }

  /** It only listens. */
  show() {}
}
