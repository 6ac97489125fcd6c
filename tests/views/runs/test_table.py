from dataclasses import replace

import pytest

from sdqviz.views.runs.table import COLUMNS, run_table
from tests.views.conftest import simulated


def test_numbers_sort_as_numbers_and_show_fixed_decimals(bundled):
    table = run_table(list(bundled.values()))
    shown = table["metadata"]["display_value"]
    assert len(table["data"]) == len(shown) == 2
    assert table["headers"] == [column.header for column in COLUMNS]
    for values, texts, run in zip(table["data"], shown, bundled.values(), strict=True):
        cells = dict(zip(table["headers"], zip(values, texts, strict=True), strict=True))
        assert cells["run"] == (run.id, run.id)
        assert cells["bits"][1] == "W4A8"
        assert cells["LPIPS ↓"] == (None, "")  # not available offline: empty, not 0
        flip, text = cells["FLIP ↓"]
        assert flip == run.result["metrics"]["flip"]["median"]
        assert text == f"{flip:.3f}"
        share, text = cells["% of FP size"]
        assert share == pytest.approx(100 * run.result["size"]["bytes"] / 19236752)
        for column, value in zip(COLUMNS, values, strict=True):
            assert value is None or isinstance(value, str) == (column.kind == "str")


def test_the_arithmetic_is_labelled_and_an_arm_named(bundled):
    run = bundled["round_nearest"]
    arm = replace(run, spec={**run.spec, "arm": "RTN static, W4A8, seed 0"})
    lpips = {**run.result["metrics"]["lpips"], "median": 0.0123456}
    scored = {**run.result, "metrics": {**run.result["metrics"], "lpips": lpips}}
    texts = run_table([simulated(bundled["fidelity"]), replace(arm, result=scored)])["metadata"][
        "display_value"
    ]
    at = [column.header for column in COLUMNS].index
    assert [row[at("arithmetic")] for row in texts] == ["simulated", "integer kernel"]
    assert texts[1][at("recipe")] == "round_nearest (RTN static, W4A8, seed 0)"
    assert texts[1][at("LPIPS ↓")] == "0.012 squeeze"
