"""A class and its teacher: lessons, toy, sheet, projector, phones."""

import asyncio
import itertools
import json
import re
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest

from sdqviz.server.network import lan_address
from sdqviz.store.store import Store
from sdqviz.views.lessons.lesson import lessons
from sdqviz.views.runs.names import run_name
from tests.browser.conftest import opened, serving
from tests.load.phone import Buttons, Phone

PHONES = 5
STATE = """() => {
  const found = (part) =>
    [...document.querySelectorAll('div')].find((e) => e.sdqviz && e.querySelector(part))?.sdqviz;
  const viewer = found('.sdqv-stage');
  const { doc, keys } = viewer.pictures;
  const tab = document.querySelector('[role=tab][aria-selected=true]').innerText;
  return {
    tab, shown: document.querySelector('#run input').value,
    // A tab that is hidden follows nothing.
    run: tab === 'Compare' ? doc?.run : window.sdqviz.address.get('run'),
    scene: doc?.scene, ...keys, mode: viewer.mode, gain: String(viewer.gain),
    t: String(window.sdqviz.cursor.timestep), layer: window.sdqviz.layer.name,
    histogram: document.querySelector('.sdqh [aria-pressed=true]')?.dataset.view,
    span: document.querySelector('[data-span][aria-pressed=true]')?.dataset.span,
    map: document.querySelector('select[aria-label=colour]')?.value,
  };
}"""
# What the toy says of each value of a slider, in one task of the page: no server can have answered.
SWEEP = """(toy, [label, values]) => values.map((value) => {
  const slider = toy.querySelector(`[aria-label^=${label}]`);
  slider.value = value;
  slider.dispatchEvent(new Event('input', { bubbles: true }));
  return toy.querySelector('.sdqt-values').textContent;
})"""
REACHED = f"(want) => Object.entries(want).every(([k, v]) => ({STATE})()[k] === v)"
TABS = {"compare": "Compare", "layers": "Layers", "training": "Training", "blind": "Blind test"}
TABS["bits"] = "Fewer bits"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    home = tmp_path_factory.mktemp("class-home")
    with serving(home, "--class") as url:
        yield url, home


@pytest.fixture(scope="module")
def lesson_page(server):
    with opened(f"{server[0]}?tab=lessons", 1280, 800, ready=".sdqy svg") as page:
        yield page


@pytest.fixture
def first_lesson(lesson_page):
    lesson_page.evaluate("window.sdqviz.address.go('?tab=lessons&lesson=1')")
    lesson_page.wait_for_selector(".sdqe .sdqy svg >> nth=3", state="visible")  # both toys
    return lesson_page


@pytest.mark.slow
def test_links_of_a_lesson_open_what_they_name(server, first_lesson):
    assert follow_links(server, first_lesson, (2,)) == 2


@pytest.mark.slow
def test_every_link_of_every_lesson_opens_what_it_names(server, first_lesson):
    assert follow_links(server, first_lesson, range(1, 7)) >= 11


def follow_links(server, page, numbers) -> int:
    """Follows every link of the lessons of these numbers, and back; how many there were."""
    followed = 0
    names = {run.id: run_name(run) for run in Store(server[1]).runs.list("quantize")}
    for number in numbers:
        lesson = lessons()[number - 1]
        page.click(f".sdqe-list button:nth-child({number})")
        assert lesson.title in page.inner_text(".sdqe-lesson h3")
        links = page.locator(".sdqe-lesson a.sdqe-open")
        assert links.count() or number == 1
        for place in range(links.count()):
            link = links.nth(place)
            asked = {k: v[0] for k, v in parse_qs(link.get_attribute("href")[1:]).items()}
            question = link.locator("xpath=ancestor::section//div[@class='sdqe-question']")
            words = question.inner_text()
            link.click()
            wanted = {**asked, "tab": TABS[asked["tab"]], "shown": names[asked["run"]]}
            try:
                page.wait_for_function(REACHED, arg=wanted)
            except Exception as error:
                raise AssertionError(f"{wanted}: {page.evaluate(STATE)}") from error
            assert words in page.inner_text(".sdqe-bar")
            page.get_by_role("button", name="back to the lesson").click()
            page.wait_for_selector(".sdqe-lesson", state="visible")
            assert lesson.title in page.inner_text(".sdqe-lesson h3")
            assert not page.is_visible(".sdqe-bar")
            followed += 1
    return followed


def test_the_toy_rounds_in_the_page_alone(first_lesson):
    toys = first_lesson.locator(".sdqe .sdqy")
    toy = toys.nth(1)  # its weights

    def errors(label: str, values: list[int]) -> list[float]:
        told = toy.evaluate(SWEEP, [label, values])
        return [float(re.search(r"error ([\d.]+) %", words)[1]) for words in told]

    by_bits = errors("bits", list(range(8, 1, -1)))
    growth = [b / a for a, b in itertools.pairwise(by_bits)]
    assert all(1.8 < factor < 3.1 for factor in growth), by_bits  # "a little more than twice"
    errors("bits", [4])
    by_range = errors("range", list(range(100, 9, -10)))
    best = min(by_range)  # a narrower range first helps, then harms
    assert best < 0.95 * by_range[0] and best < by_range[-1], by_range
    assert "clipping makes 0 %" not in toy.inner_text()
    toy.locator("[aria-label=bits]").press("ArrowLeft")
    assert "3: 8 values" in toy.inner_text()
    picture = toys.nth(0).locator("canvas").first
    picture.click(position={"x": 20, "y": 0.1 * picture.bounding_box()["height"]})
    line = toys.nth(0).locator("[aria-label^=line]")
    assert 0 < int(line.input_value()) < 20


@pytest.mark.slow
def test_the_sheet_has_all_of_it_and_is_printed_alone(first_lesson):
    page = first_lesson
    page.get_by_role("button", name="plan, timing").click()
    text = page.inner_text(".sdqe-sheet")
    assert "6 lessons, 45 minutes" in text and "38 to 45" in text
    for lesson in lessons():
        assert lesson.title in text
        for step in (s for s in lesson.steps if not s.needs):
            for part in step.parts.values():
                assert re.sub(r"\W", "", re.split(r"[*`{\[]", part)[0]) in re.sub(r"\W", "", text)
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.is_visible(".sdqe-printed") and not page.is_visible("#head")
    assert page.locator(".sdqe-printed").count() == 1
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    assert page.is_visible("#head") and not page.locator(".sdqe-printed").count()
    page.get_by_role("button", name="plan, timing").click()
    assert page.is_visible(".sdqe-lesson")


@pytest.mark.slow
def test_a_key_lays_the_page_out_for_a_projector(first_lesson):
    page = first_lesson
    large = "parseFloat(getComputedStyle(document.querySelector('.sdqe-lesson p')).fontSize)"
    usual = page.evaluate(large)
    page.locator(".sdqe [aria-label=bits]").first.press("p")
    assert not page.is_visible(".sidebar") and page.evaluate(large) >= 1.2 * usual
    page.wait_for_function("location.search.includes('present=1')")
    page.click(".sdqe-lesson a.sdqe-open")
    page.wait_for_function("location.search.includes('tab=compare')")
    assert "present=1" in page.url and not page.is_visible(".sidebar")
    page.focus("#prompt textarea, #prompt input")
    page.keyboard.press("p")  # types
    assert not page.is_visible(".sidebar")
    page.click("#head h2")
    page.keyboard.press("P")
    assert page.is_visible(".sidebar")
    page.wait_for_function("!location.search.includes('present')")


@pytest.mark.slow
def test_nothing_can_be_quantized(lesson_page):
    assert not lesson_page.is_visible("#quantize") and not lesson_page.is_visible("#cancel")


@pytest.mark.slow
def test_phones_answer_and_the_teachers_page_follows_by_itself(server, lesson_page):
    url, store = server[0], Store(server[1])
    page = lesson_page
    page.get_by_role("tab", name="Blind test").click()
    page.wait_for_selector("#blind-code, #blind-class-result", state="visible")
    link = page.locator("#blind-link").locator("input, textarea").input_value()
    address = lan_address()
    if address:
        assert link.startswith(f"http://{address}:") and page.is_visible("#blind-code svg")
        with urllib.request.urlopen(link, timeout=20) as answer:  # the host check lets it in
            assert answer.status == 200
    asked = {k: v[0] for k, v in parse_qs(urlsplit(link).query).items()}
    with urllib.request.urlopen(f"{url}config", timeout=20) as answer:
        buttons = Buttons.of(json.loads(answer.read()))

    async def phone(number: int) -> list[str]:
        visitor = Phone(url, buttons)
        try:
            await visitor.open(f"/?{urlsplit(link).query}")
            choice = "blind-first" if number % 2 else "blind-second"
            return await visitor.take(asked["run"], asked["blind"], 12, lambda trial: choice)
        finally:
            visitor.close()

    async def everyone() -> list[list[str]]:
        return await asyncio.gather(*(phone(number) for number in range(PHONES)))

    with ThreadPoolExecutor(1) as thread:  # playwright has this one's event loop
        taken = thread.submit(asyncio.run, everyone()).result()
    scenes = len(store.runs.get(asked["run"]).scenes)
    assert [len(trials) for trials in taken] == [min(12, scenes)] * PHONES  # none comes twice
    page.wait_for_function(
        "words => document.querySelector('#blind-class-result').innerText.includes(words)",
        arg=f"{PHONES} finished tests, pooled",
    )


@pytest.mark.slow
def test_a_phone_has_the_test_alone_and_a_tap_flips(server, lesson_page):
    run = next(r for r in Store(server[1]).runs.list("quantize"))
    url = f"{server[0]}?run={run.id}&blind=which&class=1"
    browser = lesson_page.context.browser
    size = {"width": 390, "height": 844}
    page = browser.new_page(viewport=size, has_touch=True, is_mobile=True)
    page.set_default_timeout(60_000)
    page.goto(url)
    page.wait_for_selector("#blind-start:not([disabled])")
    for hidden in (".sidebar", "#head", "#blind-setup", "#blind-class", "[role=tab]"):
        assert not page.locator(hidden).first.is_visible(), hidden
    page.tap("#blind-start")
    page.wait_for_selector("#blind-stage img")
    page.wait_for_timeout(300)
    box = page.locator("#blind-stage img >> nth=0").bounding_box()
    assert box["width"] > 340
    for name in ("Left (A)", "Right (B)", "Left (A)"):
        assert page.inner_text(".sdq-flips [aria-pressed=true]") == name
        page.touchscreen.tap(box["x"] + 100, box["y"] + 100)
    last = page.locator("#blind-unsure").bounding_box()
    assert last["y"] + last["height"] <= 844  # all on one screen
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()
