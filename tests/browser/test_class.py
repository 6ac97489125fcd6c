"""A class and its teacher: lessons, toy, sheet, projector, phones."""

import asyncio
import itertools
import json
import re
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest

from sdqviz.server.network import lan_address
from sdqviz.store.store import Store
from sdqviz.views.lessons.lesson import lessons
from tests.browser.conftest import opened, serving
from tests.load.phone import Buttons, Phone

PHONES = 5
STATE = """() => {
  const found = (part) =>
    [...document.querySelectorAll('div')].find((e) => e.sdqviz && e.querySelector(part))?.sdqviz;
  const viewer = found('.sdqv-stage');
  const { doc, keys } = viewer.pictures;
  return {
    tab: document.querySelector('[role=tab][aria-selected=true]').innerText,
    run: doc?.run, scene: doc?.scene, ...keys, mode: viewer.mode, gain: String(viewer.gain),
    t: String(window.sdqviz.cursor.timestep), layer: window.sdqviz.layer.name,
    histogram: document.querySelector('.sdqh [aria-pressed=true]')?.dataset.view,
    span: document.querySelector('[data-span][aria-pressed=true]')?.dataset.span,
    map: document.querySelector('select[aria-label=colour]')?.value,
  };
}"""
REACHED = f"(want) => Object.entries(want).every(([k, v]) => ({STATE})()[k] === v)"
TABS = {"compare": "Compare", "layers": "Layers", "training": "Training", "blind": "Blind test"}
TABS["bits"] = "Fewer bits"
ERROR = """(i) => Number(
  /error ([\\d.]+) %/.exec(document.querySelectorAll('.sdqy .sdqt-values')[i].innerText)[1])"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    home = tmp_path_factory.mktemp("class-home")
    with serving(home, "--class") as url:
        yield url, home


@pytest.fixture(scope="module")
def lesson_page(server):
    with opened(f"{server[0]}?tab=lessons", 1280, 800, ready=".sdqy svg") as page:
        yield page


def test_every_link_of_every_lesson_opens_what_it_names(lesson_page):
    page, followed = lesson_page, 0
    for number, lesson in enumerate(lessons(), 1):
        page.click(f".sdql-list button:nth-child({number})")
        assert lesson.title in page.inner_text(".sdql-lesson h3")
        links = page.locator(".sdql-lesson a.sdql-open")
        assert links.count() or number == 1
        for place in range(links.count()):
            link = links.nth(place)
            asked = {k: v[0] for k, v in parse_qs(link.get_attribute("href")[1:]).items()}
            question = link.locator("xpath=ancestor::section//div[@class='sdql-question']")
            words = question.inner_text()
            link.click()
            wanted = {**asked, "tab": TABS[asked["tab"]]}
            try:
                page.wait_for_function(REACHED, arg=wanted)
            except Exception as error:
                raise AssertionError(f"{wanted}: {page.evaluate(STATE)}") from error
            assert words in page.inner_text(".sdql-bar")
            page.get_by_role("button", name="back to the lesson").click()
            page.wait_for_selector(".sdql-lesson", state="visible")
            assert lesson.title in page.inner_text(".sdql-lesson h3")
            assert not page.is_visible(".sdql-bar")
            followed += 1
    assert followed >= 11


def test_the_toy_rounds_in_the_page_alone(lesson_page):
    page = lesson_page
    page.click(".sdql-list button:nth-child(1)")
    page.wait_for_selector(".sdqy svg >> nth=3")  # both toys
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.post_data or ""))
    errors = []
    for bits in range(8, 1, -1):
        page.locator("[aria-label=bits] >> nth=1").focus()
        page.keyboard.press("End" if bits == 8 else "ArrowLeft")
        errors.append(page.evaluate(ERROR, 1))
        assert f"{bits}: {2**bits} values" in page.locator(".sdqy-drags >> nth=1").inner_text()
    growth = [b / a for a, b in itertools.pairwise(errors)]
    assert all(1.9 < factor < 3.1 for factor in growth), errors  # "a little more than twice"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")  # 4 bits: a narrower range first helps, then harms
    by_range = []
    for _ in range(10):
        by_range.append(page.evaluate(ERROR, 1))
        page.locator("[aria-label^='range'] >> nth=1").focus()
        for _ in range(9):
            page.keyboard.press("ArrowLeft")
    best = min(by_range)
    assert best < 0.85 * by_range[0] and best < by_range[-1] and 0 < by_range.index(best) < 9
    assert "clipping makes 0 %" not in page.locator(".sdqy .sdqt-values >> nth=1").inner_text()
    ticks = [body for body in asked if body and "fn_index" in body]
    assert len(set(re.findall(r'"fn_index":\s*(\d+)', "".join(ticks)))) <= 1  # the clock's alone
    before = page.locator(".sdqy canvas >> nth=0")
    top = before.bounding_box()
    page.mouse.click(top["x"] + 20, top["y"] + 0.1 * top["height"])
    assert int(page.input_value("[aria-label='line that the curve shows'] >> nth=0")) < 20


def test_the_sheet_has_all_of_it_and_is_printed_alone(lesson_page):
    page = lesson_page
    page.get_by_role("button", name="plan, timing").click()
    text = page.inner_text(".sdql-sheet")
    assert "6 lessons, 45 minutes" in text and "38 to 45" in text
    for lesson in lessons():
        assert lesson.title in text
        for step in (s for s in lesson.steps if not s.needs):
            for part in step.parts.values():
                assert re.sub(r"\W", "", re.split(r"[*`{\[]", part)[0]) in re.sub(r"\W", "", text)
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.is_visible(".sdql-printed") and not page.is_visible("#head")
    assert page.locator(".sdql-printed").count() == 1
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    assert page.is_visible("#head") and not page.locator(".sdql-printed").count()
    page.get_by_role("button", name="plan, timing").click()
    assert page.is_visible(".sdql-lesson")


def test_a_key_lays_the_page_out_for_a_projector(lesson_page):
    page = lesson_page
    large = "parseFloat(getComputedStyle(document.querySelector('.sdql-lesson p')).fontSize)"
    usual = page.evaluate(large)
    page.locator("[aria-label=bits] >> nth=0").focus()
    page.keyboard.press("p")
    assert not page.is_visible(".sidebar") and page.evaluate(large) >= 1.2 * usual
    page.wait_for_function("location.search.includes('present=1')")
    page.click(".sdql-lesson a.sdql-open")
    page.wait_for_function("location.search.includes('tab=compare')")
    assert "present=1" in page.url and not page.is_visible(".sidebar")
    page.focus("#prompt textarea, #prompt input")
    page.keyboard.press("p")  # types
    assert not page.is_visible(".sidebar")
    page.click("#head h2")
    page.keyboard.press("P")
    assert page.is_visible(".sidebar")
    page.wait_for_function("!location.search.includes('present')")


def test_nothing_can_be_quantized(lesson_page):
    assert not lesson_page.is_visible("#quantize") and not lesson_page.is_visible("#cancel")


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

    taken = asyncio.run(everyone())
    scenes = len(store.runs.get(asked["run"]).scenes)
    assert [len(trials) for trials in taken] == [min(12, scenes)] * PHONES  # none comes twice
    page.wait_for_function(
        "words => document.querySelector('#blind-class-result').innerText.includes(words)",
        arg=f"{PHONES} finished tests, pooled",
    )


def test_a_phone_has_the_test_alone_and_a_tap_flips(server):
    run = next(r for r in Store(server[1]).runs.list("quantize"))
    url = f"{server[0]}?run={run.id}&blind=which&class=1"
    phone = {"has_touch": True, "is_mobile": True, "device_scale_factor": 2}
    with opened(url, 390, 844, ready="#blind-start:not([disabled])", **phone) as page:
        for hidden in (".sidebar", "#head", "#blind-setup", "#blind-class", "[role=tab]"):
            assert not page.locator(hidden).first.is_visible(), hidden
        page.tap("#blind-start")
        page.wait_for_selector("#blind-stage img")
        page.wait_for_timeout(300)
        box = page.locator("#blind-stage img >> nth=0").bounding_box()
        assert box["width"] > 320
        for name in ("Left (A)", "Right (B)", "Left (A)"):
            assert page.inner_text(".sdq-flips [aria-pressed=true]") == name
            page.touchscreen.tap(box["x"] + 100, box["y"] + 100)
        last = page.locator("#blind-unsure").bounding_box()
        assert last["y"] + last["height"] <= 844  # all on one screen
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
