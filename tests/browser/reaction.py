"""How fast the page answers: `python -m tests.browser.reaction [PAGES]`, a table in Markdown.

The time from an action to the second frame after it, on the bundled run: with one page open, and
beside PAGES - 1 others (9); and what the idle app costs its server meanwhile.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import FLAGS, browser_file, serving
from tests.browser.test_layers import LAYERS
from tests.browser.test_viewer import VIEWER, focus

REPEATS = 15
IDLE_SECONDS = 10
SPLIT = f"{VIEWER}.setMode('split')"
CURSOR = "window.sdqviz.cursor.set(i)"
HERE = "#histogram [data-view=here]"
# What is done -> tab, what to press there first, the action.
ACTIONS = {
    "cursor, histogram at the cursor": ("Compare", HERE, CURSOR),
    "cursor, ridgeline": ("Compare", "#histogram [data-view=all]", CURSOR),
    "cursor, heatmap": ("Compare", "#histogram [data-view=heat]", CURSOR),
    "cursor, overlay": ("Compare", "#histogram [data-view=overlay]", CURSOR),
    "cursor, bands": ("Compare", "#histogram [data-view=bands]", CURSOR),
    "cursor, scales": ("Compare", "#histogram [data-view=steps]", CURSOR),
    "split line": ("Compare", HERE, f"{SPLIT}; {VIEWER}.setShare(i / {REPEATS})"),
    "zoom": ("Compare", HERE, f"{VIEWER}.zoomBy(i % 2 ? 1.5 : 1 / 1.5)"),
    "difference, gain": (
        *("Compare", HERE),
        f"{VIEWER}.setMode('difference'); {VIEWER}.setGain(2 ** (i % 6))",
    ),
    "FLIP map": ("Compare", HERE, f"{VIEWER}.setMode(i % 2 ? 'flip' : 'split')"),
    "all pictures, zoom": (
        *("Compare", "#viewer [data-mode=all]"),
        f"{VIEWER}.zoomBy(i % 2 ? 1.5 : 1 / 1.5)",
    ),
    "measured box": ("Compare", HERE, f"{VIEWER}.measure.select({{x: i, y: i, w: 40, h: 40}})"),
    "cursor, map of the layers": ("Layers", "#layers [data-span=here]", CURSOR),
    "cursor, layers over all timesteps": ("Layers", "#layers [data-span=all]", CURSOR),
    "another layer's sheet": (
        *("Layers", "#layers [data-span=mean]"),
        f"window.sdqviz.layer.choose({LAYERS}.doc.layers[20 + i].name)",
    ),
}
MEASURE = """async ([count, action]) => {
  const act = new Function("i", action);
  const times = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    act(i);
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    times.push(performance.now() - start);
  }
  return times;
}"""


def main(pages: int) -> None:
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
        serving(Path(home)) as url,
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=browser_file(), args=FLAGS)
        server = next(p for p in psutil.process_iter(["cmdline"]) if _serves(p, url))
        opened: list[Page] = []
        columns: list[dict[str, str]] = []
        for count in (1, pages):
            while len(opened) < count:
                page = browser.new_page(viewport={"width": 1280, "height": 1000})
                page.goto(url)
                focus(page)
                opened.append(page)
            columns.append({name: _timed(opened[0], *how) for name, how in ACTIONS.items()})
            columns[-1]["idle server, % of a core"] = f"{_idle(server):.0f}"
        browser.close()
    print(f"| median (slowest) of {REPEATS}, ms | 1 page | {pages} pages |\n|---|---|---|")
    for name in columns[0]:
        print(f"| {name} | {' | '.join(column[name] for column in columns)} |")


def _timed(page: Page, tab: str, first: str, action: str) -> str:
    page.get_by_role("tab", name=tab, exact=True).click()
    page.locator(first).click()
    times = page.evaluate(MEASURE, [REPEATS, action])
    return f"{statistics.median(times):.0f} ({max(times):.0f})"


def _idle(server: psutil.Process) -> float:
    """Percent of a core that the server takes while nobody does anything."""
    before = server.cpu_times()
    time.sleep(IDLE_SECONDS)
    after = server.cpu_times()
    return 100 * (after.user - before.user + after.system - before.system) / IDLE_SECONDS


def _serves(process: psutil.Process, url: str) -> bool:
    line = process.info["cmdline"] or []
    return "app.py" in " ".join(line) and url.rstrip("/").rsplit(":", 1)[1] in line


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
