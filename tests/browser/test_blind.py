"""The blind test as a visitor takes it: by a class's link, by keyboard, to the reveal."""

import base64
import re

import pytest
from playwright.sync_api import Page

from sdqviz.store.store import Store

KEYS = ("1", "2", "3", "a", "B", "n", "1", "2")
MEANT = ("first", "second", "unsure", "first", "second", "unsure", "first", "second")
WORDS = {"first": "Left", "second": "Right", "unsure": "Not sure"}
# Counts the frames in which the viewer's pictures could be seen.
WATCH = """window.drawnFrames = window.uncovered = 0;
  const look = () => {
    const canvas = document.querySelector('#viewer canvas');
    window.drawnFrames += 1;
    window.uncovered += Boolean(canvas?.checkVisibility({ visibilityProperty: true }));
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);"""
RESULTS = {True: "✓ right", False: "✗ wrong", None: "○ not sure"}


@pytest.fixture
def store(server) -> Store:
    return Store(server[1])


@pytest.fixture
def run(store):
    runs = [r for r in store.runs.list() if r.kind == "quantize"]
    return next(r for r in runs if r.spec["recipe"] == "fidelity")


def start(page: Page, server, run, kind: str, of: int = 8) -> str:
    """Opens a class's link, begins a test of 8 trials and returns its session."""
    page.goto(f"{server[0]}?run={run.id}&blind={kind}")
    page.wait_for_selector("#blind-start", state="visible")  # the link opens this tab
    page.wait_for_function(
        "name => document.querySelector('#run input').value.includes(name)",
        arg=run.spec["recipe"],
    )
    page.wait_for_selector("#blind-length input:checked[value='8']")  # no scene comes twice
    page.click("#blind-start")
    wait_for_trial(page, 1, of)
    return page.locator("#blind-session").locator("input, textarea").input_value()


def wait_for_trial(page: Page, number: int, of: int = 8) -> None:
    page.wait_for_function(
        "words => document.querySelector('#blind-stage')?.innerText.includes(words)",
        arg=f"Trial {number} of {of}",
    )


def test_a_whole_test_by_keyboard_tells_nothing_before_its_end(page, server, store, run):
    scenes = {row["id"]: row for row in run.result["scenes"]}
    hashes = {
        row["images"][who].split(".")[0] for row in scenes.values() for who in ("fp", "student")
    }
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    session = start(page, server, run, "which")
    # The first tab openly compares one scene; the test itself must add no name to the page.
    opened = {name for name in hashes if name in page.content()}
    assert len(opened) <= 2
    asked.clear()
    for number, key in enumerate(KEYS):
        wait_for_trial(page, number + 1)
        trial = store.answers.session(session).trials[number]
        images = page.locator("#blind-stage img")
        assert [images.nth(i).get_attribute("alt") for i in range(images.count())] == [
            *("picture A", "picture B"),
        ]
        for i, who in enumerate(trial.shown):
            data = images.nth(i).get_attribute("src").removeprefix("data:image/png;base64,")
            stored = store.blobs.get(scenes[trial.scene]["images"][who])
            assert base64.b64decode(data) == stored  # bit-exact
        html = page.content()
        assert {name for name in hashes if name in html} == opened
        stage = re.sub(r'src="[^"]+"', "", page.inner_html("#blind-stage"))
        assert "student" not in stage
        assert not re.search(r"right \d|\d+ of \d+ right|✓|✗|FLIP", stage)  # no score yet
        assert not page.is_visible("#blind-class")
        assert not [url for url in asked if any(name in url for name in hashes)]
        page.keyboard.press(key)
    page.wait_for_selector("#blind-stage table")
    trials = store.answers.session(session).trials
    assert tuple(t.answer for t in trials) == MEANT
    rows = page.locator("#blind-stage tbody tr")
    assert rows.count() == len(trials)
    for trial, told in zip(trials, rows.all(), strict=True):
        names = {"fp": "FP", "student": "quantized"}
        left, right = (names[who] for who in trial.shown)
        assert told.locator("td").all_inner_texts() == [
            str(trial.number + 1),
            scenes[trial.scene]["prompt"],
            f"left {left}, right {right}",
            WORDS[trial.answer],
            RESULTS[trial.is_right],
        ]
    count = sum(t.is_right is True for t in trials)
    assert f"{count} of 6 right" in page.inner_text("#blind-stage .sdq-score")
    page.wait_for_function(
        "[...document.querySelectorAll('.sdq-reveal img')].every(i => i.naturalWidth == 128)"
    )
    page.get_by_role("button", name="Class result").click()
    page.wait_for_selector("#blind-class-result svg rect")
    assert f"1 finished test, pooled: {count} of 6 right" in page.inner_text("#blind-class-result")
    link = page.locator("#blind-link").locator("input, textarea").input_value()
    assert link == f"{server[0]}?run={run.id}&blind=which&class=1"
    assert "sdqviz app --class" in page.inner_text("#blind-code")  # no phone reaches localhost
    assert page.inner_text("#blind-start") == "Start again"


@pytest.mark.slow
def test_keys_answer_only_where_the_question_is(page, server, store, run):
    session = start(page, server, run, "abx")
    images = page.locator("#blind-stage img")
    a, b, x = (images.nth(i).get_attribute("src") for i in range(3))
    assert a != b
    assert x in (a, b)
    page.focus("#model input")
    page.keyboard.press("1")
    page.get_by_role("tab", name="Compare").click()
    page.keyboard.press("1")
    page.wait_for_timeout(700)
    assert store.answers.session(session).current.number == 0
    # Meanwhile no other tab shows which picture is whose.
    assert page.locator("#viewer canvas").count() and not page.is_visible("#viewer canvas")
    page.get_by_role("tab", name="Blind test").click()
    page.keyboard.press("n")
    wait_for_trial(page, 2)
    assert store.answers.session(session).trials[0].answer == "unsure"
    page.add_init_script(WATCH)
    page.goto(server[0])  # the test goes on
    wait_for_trial(page, 2)
    assert page.evaluate("[drawnFrames > 0, uncovered]") == [True, 0]  # nor did the loading page
    assert page.is_visible("#blind-stage")
    page.keyboard.press("1")
    wait_for_trial(page, 3)
    assert store.answers.session(session).trials[1].answer == "first"
    page.click("#blind-stop")
    page.wait_for_selector("#blind-start", state="visible")
    assert store.answers.finished(run.id, "abx") == []
    page.get_by_role("tab", name="Compare").click()
    page.wait_for_selector("#viewer canvas", state="visible")
    page.get_by_role("tab", name="Blind test").click()
    page.wait_for_function("location.search.includes('tab=blind')")
    page.reload()
    page.wait_for_selector("#blind-start", state="visible")  # what was stopped stays so
    page.wait_for_function("!document.querySelector('#blind-start').disabled")
    assert not page.is_visible("#blind-stop")
    # A test that is gone with its run covers nothing.
    page.evaluate("sessionStorage.setItem('sdqviz-blind', 'gone')")
    page.goto(server[0])
    page.wait_for_selector("#viewer canvas", state="visible")


@pytest.mark.slow
def test_missing_pictures_are_told_and_skipped(page, server, store, run):
    files = [store.blobs.path(row["images"]["student"]) for row in run.result["scenes"]]
    kept = {file: file.read_bytes() for file in files}
    try:
        files[-1].unlink()  # the first is shown by another tab
        session = start(page, server, run, "which", of=7)
        page.wait_for_selector("text=scenes left out: 1")
        drawn = {t.scene for t in store.answers.session(session).trials}
        assert drawn == {row["id"] for row in run.result["scenes"][:-1]}
        for file in files[:-1]:
            file.unlink()
        page.keyboard.press("3")
        page.wait_for_selector("text=trials skipped: 6")
        page.wait_for_selector("#blind-stage table")
        assert page.inner_text("#blind-stage").count("○ skipped") == 6
        page.click("#blind-start")
        page.wait_for_selector("text=no picture of run")
    finally:
        for file, data in kept.items():
            file.write_bytes(data)


@pytest.mark.slow
def test_it_fits_a_narrow_screen(page, server, run):
    page.set_viewport_size({"width": 390, "height": 844})
    start(page, server, run, "abx")
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    images = page.locator("#blind-stage img")
    places = [image.bounding_box() for image in images.all()]
    assert places[0] == places[1] == places[2] and places[0]["width"] > 290  # in one place, large
    for name, place in (("A", 0), ("X", 2), ("B", 1)):
        assert [image.is_visible() for image in images.all()] == [i == place for i in range(3)]
        assert page.inner_text(".sdq-flips [aria-pressed=true]") == name
        images.nth(place).click()  # a tap shows the next
    assert images.nth(0).is_visible()
    page.get_by_role("button", name="X", exact=True).click()
    assert images.nth(2).is_visible()


def test_without_a_run_it_says_what_to_do(page, server, store):
    for run in store.runs.list():
        store.runs.forget(run.id)
    page.goto(f"{server[0]}?blind=abx")
    page.wait_for_selector("#blind-stage >> text=No finished run yet")
    assert page.is_disabled("#blind-start")
