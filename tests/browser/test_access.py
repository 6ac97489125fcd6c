"""Every view: nothing from outside, nothing serious that axe-core finds, light and dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe

SERIOUS = ("serious", "critical")


def tabs(page):
    names = page.locator("[role=tab]").all_inner_texts()
    return [name for name in dict.fromkeys(names) if name]


def violations(page):
    found = Axe().run(page).response["violations"]
    return [
        (v["id"], [node["target"] for node in v["nodes"]][:4])
        for v in found
        if v["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_no_view_has_a_serious_violation(page, server, theme):
    page.goto(f"{server[0]}?__theme={theme}")
    page.wait_for_selector("#viewer canvas")
    found = {}
    for name in tabs(page):
        page.get_by_role("tab", name=name).click()
        page.wait_for_timeout(700)
        found[name] = violations(page)
        if name == "Layers":
            page.click("[data-span=all]")
            found[name] += violations(page)
    assert found == {name: [] for name in found}


def test_nothing_is_asked_of_another_host_and_no_view_has_an_error(page, server):
    page.goto("about:blank")  # a page that is left while it asks says so
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on(
        "console", lambda message: errors.append(message.text) if message.type == "error" else 0
    )
    page.goto(server[0])
    page.wait_for_selector("#viewer canvas")
    for name in tabs(page):
        page.get_by_role("tab", name=name).click()
        page.wait_for_timeout(300)
    strange = [u for u in asked if not u.startswith((server[0], "data:", "blob:"))]
    assert len(asked) > 10
    assert strange == []
    assert errors == []
