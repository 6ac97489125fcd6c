"""The page under a finger: what it drags, what two of them zoom, and that it still scrolls.

The page is the exported report, which has the app's own viewer and charts and needs no server.
"""

import time

import pytest
from playwright.sync_api import Page

from sdqviz.base.assets import assets_folder
from sdqviz.publish.bundle import import_demos
from sdqviz.store.store import Store
from sdqviz.views.report.report import export_report
from sdqviz.views.terms import TERMS
from tests.browser.conftest import opened

Place = tuple[float, float]
_MOVES = 8  # events on a finger's way
_PICTURE, _LINE = ".sdqv canvas", ".sdqv-handle"
_SLIDER, _CHART, _CURSOR = ".sdqt [type=range]", ".sdqt svg[data-cursor]", ".sdqt output"
# The components, as the page's script keeps them.
_FIND = "[...document.querySelectorAll('div')].find((e) => e.sdqviz && e.querySelector('{}'))"
VIEWER, HISTOGRAM = (f"{_FIND.format(part)}.sdqviz" for part in (".sdqv-stage", ".sdqh"))
# A place of the screen, in whole pixels as a finger's are, where nothing lies over an element or
# close by, off its ends: the ridges overlap.
_UNCOVERED = """(element) => {
  element.scrollIntoView({ block: "center" });
  const { left, right, top, bottom } = element.getBoundingClientRect();
  for (let y = Math.floor(bottom) - 1; y > top; y -= 1)
    for (let x = Math.ceil(left) + 4; x < right; x += 1)
      if ([-1, 0, 1].every((by) => document.elementFromPoint(x, y + by) === element)) return [x, y];
}"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("touch")
    store = Store(folder / "home")
    import_demos(store, assets_folder() / "demo")
    run = next(r for r in store.runs.list() if r.spec["recipe"] == "fidelity")
    report = export_report(store, run, folder / "report")
    with opened(report.as_uri(), 390, 844, has_touch=True, is_mobile=True) as page:
        page.wait_for_function(
            f"{VIEWER}.pictures.ready && document.querySelector('{_CURSOR}').textContent"
        )
        # What the browser takes for its own scrolling, it takes away from the page.
        page.evaluate("addEventListener('pointercancel', () => (window.taken += 1), true)")
        yield page


@pytest.fixture
def phone(loaded):
    """The page with the whole pictures, the line in the middle."""
    loaded.evaluate(f"window.taken = 0; {VIEWER}.fit(); {VIEWER}.setShare(0.5)")
    return loaded


class Hand:
    """Fingers on an element, as Chromium gets them from a touch screen; places are shares of it."""

    def __init__(self, page: Page, element: str) -> None:
        self.page = page
        self.session = page.context.new_cdp_session(page)
        page.locator(element).first.evaluate("(e) => e.scrollIntoView({ block: 'center' })")
        edge = page.locator(element).first.bounding_box()
        assert edge is not None
        self.edge = edge
        self.current_call = time.time() - 60

    def at(self, place: Place) -> Place:
        x, y, width, height = (self.edge[name] for name in ("x", "y", "width", "height"))
        return x + place[0] * width, y + place[1] * height

    def tap(self, place: Place) -> None:
        self.page.touchscreen.tap(*self.at(place))

    def drag(self, *ways: tuple[Place, Place], lift: bool = True) -> None:
        """Each finger goes its way from a start to an end: they land in turn and move together."""
        ends = [(self.at(start), self.at(end)) for start, end in ways]
        for landed in range(1, len(ends) + 1):
            self.send("touchStart", [start for start, _ in ends[:landed]])
        self.move(ends)
        if lift:
            self.send("touchEnd", [])

    def move(self, ends: list[tuple[Place, Place]], first: int = 0) -> None:
        for step in range(1, _MOVES + 1):
            part = step / _MOVES
            now = [(a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part) for a, b in ends]
            self.send("touchMove", now, first)

    def send(self, kind: str, places: list[Place], first: int = 0) -> None:
        """By a clock of its own: the fingers rest before they lift, or the page would roll on."""
        self.current_call += 1.0 if kind == "touchEnd" else 0.02
        points = [{"x": x, "y": y, "id": first + i} for i, (x, y) in enumerate(places)]
        event = {"type": kind, "touchPoints": points, "timestamp": self.current_call}
        self.session.send("Input.dispatchTouchEvent", event)


def view(page: Page) -> dict[str, float]:
    return page.evaluate(f"({{...{VIEWER}.view}})")


def scrolled(page: Page) -> float:
    return page.evaluate("scrollY")


@pytest.mark.slow
def test_a_finger_moves_the_line_sideways_and_the_page_up_and_down(phone):
    hand = Hand(phone, _PICTURE)
    line = phone.locator(_LINE)
    hand.drag(((0.5, 0.5), (0.8, 0.55)))
    assert line.get_attribute("aria-valuenow") == "80"
    hand.tap((0.25, 0.5))
    assert line.get_attribute("aria-valuenow") == "25"
    before = scrolled(phone)
    hand.drag(((0.6, 0.9), (0.65, 0.1)))
    phone.wait_for_function("(y) => scrollY > y + 100", arg=before)
    assert line.get_attribute("aria-valuenow") == "25"


@pytest.mark.slow
@pytest.mark.parametrize("along", [0, 1], ids=["side by side", "one above the other"])
def test_two_fingers_zoom_and_one_moves_what_is_zoomed(phone, along):
    def way(start: float, end: float) -> tuple[Place, Place]:
        """Along the axis, through the middle of the other one."""
        start_at, end_at = [0.5, 0.5], [0.5, 0.5]
        start_at[along], end_at[along] = start, end
        return (start_at[0], start_at[1]), (end_at[0], end_at[1])

    hand = Hand(phone, _PICTURE)
    top, before = scrolled(phone), view(phone)
    middle = f"{VIEWER}.view.pixel({VIEWER}.view.width / 2, {VIEWER}.view.height / 2)"
    pixel = phone.evaluate(middle)
    hand.drag(way(0.4, 0.2), way(0.6, 0.8), lift=False)
    zoomed = view(phone)
    assert zoomed["scale"] / before["scale"] == pytest.approx(3, rel=0.1)
    assert phone.evaluate(middle) == pytest.approx(pixel, abs=2)
    # The finger that stays goes on, with the picture.
    hand.send("touchEnd", [hand.at(way(0.4, 0.2)[1])])
    hand.move([(hand.at(way(0.6, 0.8)[1]), hand.at(way(0.6, 0.7)[1]))], first=1)
    hand.send("touchEnd", [])
    moved = view(phone)
    axis, length = ("x", "width") if along == 0 else ("y", "height")
    assert moved[axis] - zoomed[axis] == pytest.approx(-0.1 * moved[length], abs=2)
    assert moved["scale"] == zoomed["scale"]
    hand.drag(((0.2, 0.3), (0.3, 0.5)))
    now = view(phone)
    assert now["x"] - moved["x"] == pytest.approx(0.1 * now["width"], abs=2)
    assert now["y"] - moved["y"] == pytest.approx(0.2 * now["height"], abs=2)
    # All of it was the viewer's: neither the line nor the page moved, nor was the page zoomed.
    assert phone.locator(_LINE).get_attribute("aria-valuenow") == "50"
    assert phone.evaluate("[scrollY, visualViewport.scale, window.taken]") == [top, 1, 0]


@pytest.mark.slow
def test_a_finger_moves_the_cursor_on_the_slider_and_the_chart(phone):
    def call() -> int:
        return int(phone.inner_text(_CURSOR).split()[1])

    Hand(phone, _SLIDER).drag(((0.6, 0.5), (0.2, 0.5)))
    assert 4 <= call() <= 7  # of 26
    chart = Hand(phone, _CHART)
    chart.drag(((0.3, 0.5), (0.7, 0.55)))
    dragged = call()
    assert 16 <= dragged <= 20
    chart.tap((0.4, 0.5))
    assert call() < dragged - 5
    tapped, before = call(), scrolled(phone)
    chart.drag(((0.8, 0.9), (0.82, 0.1)))
    phone.wait_for_function("(y) => scrollY > y + 50", arg=before)
    assert call() == tapped


@pytest.mark.slow
def test_a_tap_on_the_histogram_moves_the_cursor_there(phone):
    def moved_to(row: int) -> None:
        timestep = phone.evaluate(f"{HISTOGRAM}.doc.timesteps.at({row})")
        told = f"document.querySelector('{_CURSOR}').textContent"
        phone.wait_for_function(f"{told}.endsWith(', t = {timestep:g}')")

    phone.locator(".sdqh [data-view=all]").tap()
    lowest = phone.locator(".sdqh-plot polygon").last  # no ridge lies over it: a finger is wide
    phone.touchscreen.tap(*lowest.evaluate(_UNCOVERED))
    moved_to(-1)
    phone.locator(".sdqh [data-view=steps]").tap()
    Hand(phone, _SLIDER).tap((0.5, 0.5))
    phone.wait_for_function(f"!document.querySelector('{_CURSOR}').textContent.endsWith('t = 1')")
    Hand(phone, ".sdqh-plot svg").tap((0.98, 0.5))
    moved_to(-1)


@pytest.mark.slow
def test_a_tapped_word_tells_its_meaning(phone):
    word = phone.locator(".sdqv-scores .sdq-term").first
    word.scroll_into_view_if_needed()
    word.tap()
    told = phone.locator(".sdq-told")
    assert told.inner_text() == TERMS["SSIM"]
    edge = told.bounding_box()
    assert edge["x"] >= 0 and edge["x"] + edge["width"] <= 390
    word.tap()
    assert told.count() == 0
