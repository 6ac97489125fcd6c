from dataclasses import replace

import pytest

from sdqviz.views.runs.table import columns, run_table
from tests.views.conftest import simulated


def test_numbers_sort_as_numbers_and_show_fixed_decimals(bundled):
    table = run_table(list(bundled.values()))
    shown = table["metadata"]["display_value"]
    assert len(table["data"]) == len(shown) == 2
    shape = columns(list(bundled.values()))
    assert table["headers"] == [column.header for column in shape]
    for values, texts, run in zip(table["data"], shown, bundled.values(), strict=True):
        cells = dict(zip(table["headers"], zip(values, texts, strict=True), strict=True))
        assert cells["run"] == (run.id, run.id)
        assert cells["bits"][1] == "W4A8"
        assert "LPIPS ↓" not in cells  # no run has it: no column
        flip, text = cells["FLIP ↓"]
        assert flip == run.result["metrics"]["flip"]["median"]
        assert text.startswith(f"{flip:.3f}")
        share, text = cells["% of FP size"]
        assert share == pytest.approx(100 * run.result["size"]["bytes"] / 19236752)
        for column, value in zip(shape, values, strict=True):
            assert value is None or isinstance(value, str) == (column.kind == "str")


def test_the_arithmetic_is_labelled_and_an_arm_named(bundled):
    run = bundled["round_nearest"]
    arm = replace(run, spec={**run.spec, "arm": "RTN static, W4A8, seed 0"})
    lpips = {**run.result["metrics"]["flip"], "label": "LPIPS-squeeze"}
    lpips |= {"median": 0.0123456, "interval": [0.01, 0.0151]}
    scored = {**run.result, "metrics": {**run.result["metrics"], "lpips": lpips}}
    table = run_table([simulated(bundled["fidelity"]), replace(arm, result=scored)])
    texts, at = table["metadata"]["display_value"], table["headers"].index
    assert [row[at("arithmetic")] for row in texts] == ["simulated", "integer kernel"]
    assert texts[1][at("recipe")] == "round_nearest (RTN static, W4A8, seed 0)"
    assert texts[0][at("LPIPS ↓")] == ""  # the other run has none: empty, not 0
    assert texts[1][at("LPIPS ↓")] == "0.012 (0.010 to 0.015) squeeze"
