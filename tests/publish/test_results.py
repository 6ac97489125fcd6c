"""The pages of measurements are what the command makes of their JSON."""

import json
import shutil

import pytest

from sdqviz.base.assets import assets_folder
from sdqviz.base.errors import SdqvizError
from sdqviz.publish.results import result_pages
from sdqviz.publish.summary import SUMMARY_COLUMNS, summary_rows
from sdqviz.views.tables.bench import bench_table

RESULTS = assets_folder() / "results"


def test_the_pages_are_made_of_their_json():
    written = {f.name: f.read_text(encoding="utf-8") for f in RESULTS.glob("*.md")}
    assert written == result_pages(assets_folder()), "run: python -m sdqviz.publish.results"


@pytest.mark.parametrize("file", sorted(RESULTS.glob("*.json")), ids=lambda file: file.stem)
def test_every_page_says_where_and_how_it_was_measured(file):
    page = json.loads(file.read_text(encoding="utf-8"))
    assert page["machine"] and ("rows" in page) != ("rows_of" in page)
    assert page["commands"] or all(row["command"] for row in page["rows"])


def test_the_summary_is_of_the_figures():
    steps = [
        {"contender": "fp32_eager", "median_s": 2.0, "peak_bytes": 4e9},
        {"contender": "w4a8_compiled", "median_s": 1.0, "peak_bytes": 1e9},
    ]
    rows = summary_rows(steps, assets_folder())
    assert len(rows) == 4 and {len(row) for row in rows} == {len(SUMMARY_COLUMNS)}
    assert rows[2][1:] == ("2.0 s", "**1.0 s**", "0.50 of FP32")
    assert rows[3][1:] == ("4.0 GB", "**1.0 GB**", "0.25 of FP32")


def test_an_unknown_table_is_refused(tmp_path):
    shutil.copytree(RESULTS, tmp_path / "results")
    file = tmp_path / "results" / "speed.json"
    page = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**page, "table": "guesses"}), encoding="utf-8")
    with pytest.raises(SdqvizError, match=r"speed.json has the table 'guesses'"):
        result_pages(tmp_path)


def test_a_row_of_another_run_brings_its_own_shares():
    row = {"label": "A", "note": "", "min_s": 0.5, "max_s": 2.0, "peak_bytes": 1e9}
    base = {**row, "contender": "fp32_eager", "median_s": 1.0}
    other = {**row, "contender": "b", "median_s": 0.5, "label": "B"}
    assert "| B | **0.500** | 0.500 to 2.00 | 0.50 | 1.00 | 1.00 |" in bench_table([base, other])
    other["of_fp32"] = {"median_s": 0.4, "peak_bytes": 0.3}
    assert "| B | **0.500** | 0.500 to 2.00 | 0.40 | 1.00 | 0.30 |" in bench_table([base, other])
