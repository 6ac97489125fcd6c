"""The exported report, opened as a file: the viewer works, nothing is asked of a server."""

import pytest
from PIL import Image
from playwright.sync_api import sync_playwright

from sdqviz.base.assets import assets_folder
from sdqviz.publish.bundle import import_demos
from sdqviz.views.report.report import export_report
from sdqviz.views.runs.listing import typical, worst_first
from tests.browser.conftest import FLAGS, browser_file
from tests.browser.test_access import violations
from tests.browser.test_viewer import pixels

# The first component of the page.
VIEWER = "[...document.querySelectorAll('main div')].find((e) => e.sdqviz).sdqviz"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_opens_from_a_file(store, tmp_path, theme):
    import_demos(store, assets_folder() / "demo")
    run = next(r for r in store.runs.list() if r.spec["recipe"] == "fidelity")
    report = export_report(store, run, tmp_path / "report")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_file(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 1000}, color_scheme=theme)
        errors, asked = [], []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(report.as_uri())
        page.wait_for_selector(".sdqv canvas")
        page.wait_for_function(f"{VIEWER}.pictures.ready")
        rows = worst_first(run.scenes)
        row = typical(run.scenes)
        with Image.open(store.blobs.path(row.pictures.student)) as stored:
            assert (
                pixels(page, f"{VIEWER}.pictures.loaded.student.data")
                == stored.convert("RGBA").tobytes()
            )
        page.locator(".sdqv-handle").focus()
        page.keyboard.press("5")
        assert page.evaluate(f"{VIEWER}.mode") == "difference"
        page.keyboard.press(".")
        assert page.inner_text(".sdqt output").startswith("call 17 of 26")
        page.locator(".sdqg-card").nth(2).click()
        page.wait_for_function(f"{VIEWER}.pictures.doc.scene === '{rows[2].id}'")
        page.locator(".sdql-name").nth(30).click()
        assert page.inner_text(".sdql-sheet h3") == page.locator(".sdql-name").nth(30).inner_text()
        assert page.locator(".sdql-sheet svg").count() == 4  # errors, codes, multipliers, loss
        page.click(".sdql [data-span=all]")
        assert page.is_visible(".sdql-heat canvas")
        assert errors == []  # before axe asks for the style sheet, which a file may not
        assert violations(page) == []
        page.set_viewport_size({"width": 390, "height": 800})
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        browser.close()
    assert asked and all(url.startswith(("file:", "data:")) for url in asked)
