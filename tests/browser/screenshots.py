"""Every view, light and dark, wide and narrow: `python -m tests.browser.screenshots DIR`.

For people to look at before a release; the tests do not compare them.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import FLAGS, browser_file, serving

SIZES = {"wide": (1280, 1000), "narrow": (390, 844)}
SETTLED = 900  # milliseconds for a tab's charts


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
        serving(Path(home)) as url,
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=browser_file(), args=FLAGS)
        names: list[str] = []
        for theme in ("light", "dark"):
            for size, (width, height) in SIZES.items():
                page = browser.new_page(viewport={"width": width, "height": height})
                page.goto(f"{url}?__theme={theme}")
                page.wait_for_selector("#viewer canvas")
                if size == "wide":  # a narrow page hides most in a menu
                    names = [n for n in page.locator("[role=tab]").all_inner_texts() if n]
                for name in names:
                    _open(page, name)
                    file = folder / f"{name.lower().replace(' ', '-')}-{theme}-{size}.png"
                    page.screenshot(path=file)
                    print(file)
                page.close()
        browser.close()


def _open(page: Page, name: str) -> None:
    tab = page.get_by_role("tab", name=name, exact=True)
    if not tab.is_visible():  # on a narrow screen it is in gradio's overflow menu
        page.locator(".overflow-menu > button").first.click()
        tab = page.locator(".overflow-dropdown button").get_by_text(name, exact=True)
    tab.click()
    page.wait_for_timeout(SETTLED)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
