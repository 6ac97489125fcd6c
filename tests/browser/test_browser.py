"""The app as a visitor meets it: bundled run, quick job, reload, own prompt."""

import time

import pytest
from PIL import Image, ImageChops

from sdqviz.views.runs.listing import typical, worst_first
from tests.browser.conftest import opened, picture
from tests.browser.test_viewer import COMPONENT

MAIN = "fidelity"
# The quick preset with less of everything: what is tested here is the way through the page.
SMALLER = {"Training steps": 8, "Held-out scenes": 1, "Calibration scenes": 1, "Rounds": 1}


def test_the_bundled_comparison_is_there_at_once_and_bit_exact(page, server):
    from sdqviz.store.store import Store

    store = Store(server[1])
    # A first visit opens on the main method, whichever bundle is newer.
    (run,) = (r for r in store.runs.list() if r.kind == "quantize" and r.spec["recipe"] == MAIN)
    scene = typical(run.scenes).as_row()
    for who in ("fp", "student"):
        shown = picture(page, who)
        assert shown.format == "PNG"
        with Image.open(store.blobs.path(scene["images"][who])) as stored:
            assert ImageChops.difference(shown.convert("RGB"), stored.convert("RGB")).getbbox() is (
                None
            )
    assert "SSIM" in page.inner_text("#answer .sdq-chips")
    assert page.locator("#timeline svg polyline").count() == 2
    page.wait_for_selector("#histogram svg rect")
    page.click("#histogram [data-view=all]")
    assert page.locator("#histogram svg polygon").count() > 10
    page.get_by_role("tab", name="Held-out scenes").click()
    page.wait_for_selector("#median-errors svg polyline")
    page.get_by_role("tab", name="Layers").click()
    page.wait_for_function("document.querySelector('#layers').innerText.includes('conv_in')")


def test_the_worst_scene_is_one_click_away_and_back(page, server):
    from sdqviz.store.store import Store

    runs = Store(server[1]).runs.list()
    (run,) = (r for r in runs if r.kind == "quantize" and r.spec["recipe"] == MAIN)
    page.goto(server[0])
    shown = f"({COMPONENT.format('viewer', 'viewer')}.pictures ?? {{doc: {{}}}}).doc.scene"
    button = page.locator("#extreme")
    steps = {"Worst one": worst_first(run.scenes)[0], "Typical one": typical(run.scenes)}
    for words, row in steps.items():
        button.get_by_text(words).wait_for()
        button.click()
        page.wait_for_function(f"{shown} === '{row.id}'")


@pytest.mark.slow  # some minutes; `test_job.py` follows shorter jobs
def test_a_quick_job_survives_a_reload_and_shows_its_pair(page, server):
    from sdqviz.store.store import Store

    store = Store(server[1])
    before = page.input_value("#run input")
    page.get_by_text("Advanced", exact=True).first.click()
    fields = {page.get_by_label(label, exact=True).first: v for label, v in SMALLER.items()}
    for _ in range(5):  # typing at machine speed outruns a first rendering
        for field, value in fields.items():
            field.fill(str(value))
            field.press("Tab")
        page.wait_for_timeout(1000)
        if all(field.input_value() == str(value) for field, value in fields.items()):
            break
    assert {f.input_value() for f in fields} == {str(v) for v in SMALLER.values()}
    page.click("#quantize")
    page.wait_for_selector("#job .sdq-running, #job .sdq-queued")
    page.reload()
    page.wait_for_selector("#job .sdq-running")
    until = time.monotonic() + 400
    while store.runs.list()[0].state in ("queued", "running"):
        assert time.monotonic() < until
        time.sleep(0.5)
    run = store.runs.list()[0]
    assert run.state == "done", run.error
    assert run.spec["config"]["training_steps"] == SMALLER["Training steps"]
    page.wait_for_function("document.querySelector('#job').innerText.includes('No job')")
    page.goto(server[0])  # the address of before may name the run that was shown then
    page.wait_for_selector("#viewer canvas")
    assert page.input_value("#run input") != before
    with Image.open(store.blobs.path(typical(run.scenes).pictures.student)) as stored:
        shown = picture(page, "student")
        assert ImageChops.difference(shown.convert("RGB"), stored.convert("RGB")).getbbox() is None

    page.get_by_role("tab", name="Training").click()
    page.wait_for_selector("#losses svg polyline")
    assert page.locator("#block-curves svg polyline").count() > 10
    assert page.locator("#previews img").count() == 4  # start, middle, end, and the goal
    page.wait_for_function(
        "[...document.querySelectorAll('#previews img')].every(i => i.naturalWidth == 128)"
    )
    page.get_by_role("tab", name="Compare").click()
    page.fill("#prompt input", "a large rocket on a blue background")
    page.click("#generate")
    page.wait_for_function(
        "document.querySelector('#scene input').value.startsWith('yours: a large rocket')",
        timeout=200_000,
    )


def test_bad_input_is_told_and_nothing_is_queued(page, server):
    from sdqviz.store.store import Store

    store = Store(server[1])
    before = len(store.runs.list())
    page.fill("#model input", "/nowhere/at/all")
    page.keyboard.press("Enter")
    page.click("#quantize")
    page.wait_for_selector("text=unknown model")
    page.fill("#prompt input", "   ")
    page.click("#generate")
    page.wait_for_selector("text=the prompt is empty")
    assert len(store.runs.list()) == before


def test_the_answer_stands_with_the_pictures_on_one_screen(page):
    page.set_viewport_size({"width": 1280, "height": 800})
    page.wait_for_timeout(500)
    answer = page.inner_text("#answer .sdq-verdict")
    assert answer.split(".")[0] in ("Yes", "Nearly", "Partly", "No") and "FLIP" in answer
    for place in ("#answer .sdq-verdict", "#answer .sdq-chips", "#viewer canvas"):
        box = page.locator(place).bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 800, (place, box)


def test_the_prompt_is_filled_with_an_example_that_no_run_scores(page, server):
    from sdqviz.runner.prompts import prompts

    shown = page.input_value("#prompt input")
    assert shown and shown not in prompts("emoji", "held_out")
    other = page.locator("#examples button").nth(1)
    other.click()
    page.wait_for_function(
        "words => document.querySelector('#prompt input').value == words", arg=other.inner_text()
    )


def test_it_fits_a_narrow_screen(page):
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    order = [page.locator(f"#{name}").bounding_box()["y"] for name in ("answer", "viewer")]
    order += [page.locator(f"#{name}").bounding_box()["y"] for name in ("timeline", "prompt")]
    assert order == sorted(order)  # the answer and the pictures first
    assert page.get_by_role("tab", name="Blind test").count() == 1  # in the row, not in a menu


def test_a_page_on_a_phone_opens_with_what_goes_deeper_folded(server):
    with opened(server[0], 390, 844) as phone:
        phone.wait_for_function("!document.querySelector('.sdq-fold > .label-wrap.open')")
        assert not phone.locator("#only-weights").is_visible()
        assert phone.locator("#answer .sdq-verdict").is_visible()
