"""The Runs tab: choosing, comparing, repeating and cloning the bundled runs."""

import json
from typing import Any

import pytest

from sdqviz.base.assets import assets_folder


def bundled(name: str) -> dict[str, Any]:
    file = assets_folder() / "demo" / name / "run.json"
    return json.loads(file.read_text(encoding="utf-8"))


TRAINED, ROUNDED = (bundled(f"mini-sd1-{name}")["id"] for name in ("fidelity", "round-nearest"))
PAIR = f"round_nearest balanced · {ROUNDED[:4]} against fidelity balanced · {TRAINED[:4]}"


@pytest.fixture
def tab(page):
    """The page on the Runs tab, its table and differences filled."""
    page.set_default_timeout(20_000)
    page.get_by_role("tab", name="Runs").click()
    page.wait_for_selector("#settings-difference table")
    page.wait_for_function("document.querySelectorAll('#runs [role=row]').length > 2")
    return page


def ids(page) -> list[str]:
    """The first cell of every row, from top to bottom."""
    return [
        text.strip()
        for text in page.locator(
            "#runs [data-testid^='cell-'][data-testid$='-0']"
        ).all_inner_texts()
    ]


def select(page, run: str) -> None:
    # The cells proper: the table has a hidden copy of its first row that measures widths.
    page.locator("#runs [data-testid^='cell-']", has_text=run).click()


def shown(page) -> str:
    return page.input_value("#run input")


def test_the_table_has_both_runs_with_their_units(tab):
    text = tab.inner_text("#runs")
    flip = bundled("mini-sd1-fidelity")["result"]["metrics"]["flip"]["median"]
    for part in (TRAINED, ROUNDED, "FLIP ↓", "packed MB", "integer kernel", f"{flip:.3f}"):
        assert part in text


@pytest.mark.slow
def test_a_row_opens_its_own_run_after_sorting(tab):
    assert "fidelity" in shown(tab)
    for _ in range(2):  # up, then down: in one of them the order is not the table's first one
        tab.locator("#runs [data-testid='header-5']").click()
        tab.wait_for_timeout(400)
        order = ids(tab)
        assert sorted(order) == sorted([TRAINED, ROUNDED])
        for run in order:
            select(tab, run)
            recipe = "fidelity" if run == TRAINED else "round_nearest"
            tab.wait_for_function(
                "r => document.querySelector('#run input').value.includes(r)", arg=recipe
            )
            tab.wait_for_function("id => location.search.includes(id)", arg=run)


def test_the_differences_name_scores_and_settings(tab):
    scores, settings = tab.inner_text("#score-difference"), tab.inner_text("#settings-difference")
    assert PAIR in scores
    assert "worse" in scores
    assert "of 6 scenes" in scores
    assert "round_nearest" in settings
    assert "config.training_steps" in settings
    assert not tab.get_by_text("config.weight_bits").is_visible()  # equal: folded away
    tab.get_by_text("settings are equal").click()
    assert tab.get_by_text("config.weight_bits").is_visible()


@pytest.mark.slow
def test_a_pinned_baseline_stays_when_another_run_is_shown(tab):
    tab.click("#baseline input")
    tab.get_by_role("option", name="fidelity").click()
    select(tab, ROUNDED)
    tab.wait_for_function("document.querySelector('#code-shell').innerText.includes('round')")
    tab.wait_for_timeout(1500)  # time enough for the differences to follow, if they did
    told = "text => document.querySelector('#score-difference').innerText.includes(text)"
    tab.wait_for_function(told, arg=PAIR)  # drawn anew meanwhile: the same pair


@pytest.mark.slow
def test_the_plot_follows_its_choices(tab):
    assert tab.locator("#pareto svg circle").count() == 1
    assert "packed MB" in tab.inner_text("#pareto")
    tab.locator("#pareto-axis").get_by_text("step seconds").click()
    tab.wait_for_function("document.querySelector('#pareto').innerText.includes('a step')")
    tab.locator("#pareto-metric").get_by_text("SSIM").click()
    tab.wait_for_function("document.querySelector('#pareto').innerText.includes('SSIM (higher')")
    # What no run was scored by is not offered.
    assert "LPIPS" not in tab.inner_text("#pareto-metric")


def test_a_run_becomes_code_and_fills_the_form(tab):
    select(tab, ROUNDED)
    tab.wait_for_function("document.querySelector('#code-shell').innerText.includes('round')")
    line = " ".join(tab.inner_text("#code-shell").replace("\\\n", " ").split())
    assert "sdqviz quantize mini-sd1 --recipe round_nearest --preset balanced" in line
    assert "--set held_out_scenes=6" in line
    assert "--set calibration_scenes" not in line  # the preset says so already
    assert "sdqviz.quantize(" in tab.inner_text("#code-python")
    tab.click("#clone")
    tab.wait_for_function(
        "document.querySelector('#method input').value.includes('Round to nearest')"
    )
    assert tab.locator("#preset input:checked").get_attribute("value") == "balanced"
    # The trained method's field of this name is hidden now.
    field = tab.get_by_label("Held-out scenes", exact=True).locator("visible=true")
    assert field.input_value() == "6"


@pytest.mark.slow
def test_it_fits_a_narrow_screen(tab):
    tab.set_viewport_size({"width": 390, "height": 800})
    tab.wait_for_timeout(500)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 400
