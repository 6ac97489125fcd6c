"""What the README shows in Python runs as it is written, and what it claims is elsewhere too."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sdqviz
from sdqviz.base.assets import assets_folder
from sdqviz.publish.results import page_rows, read_page
from sdqviz.publish.summary import SUMMARY_COLUMNS
from tests.conftest import QUICK

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCUMENTS = [
    *(README, *sorted((ROOT / ".github").glob("*.md"))),
    *(file for file in sorted((ROOT / "sdqviz").rglob("*.md")) if "_assets" not in file.parts),
    *sorted((ROOT / "assets").rglob("*.md")),
]


def test_the_plain_diffusers_script_draws(tiny_folder, home, tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (script,) = [block for block in blocks if "sdqviz.register()" in block]
    assert len(script.splitlines()) <= 10
    out = tmp_path / "my-w4a8"
    sdqviz.quantize(
        str(tiny_folder), recipe="round_nearest", config={**QUICK, "time_rows": "all"}, out=out
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, env=os.environ)
    assert (tmp_path / "rocket.png").stat().st_size > 0


def test_it_is_short():
    assert len(README.read_bytes()) <= 8 * 1024


def test_its_four_rows_are_of_the_measurements():
    summary = (ROOT / "assets" / "results" / "README.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"(?:^\|.*\|\n)+", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert table.startswith(f"| {' | '.join(SUMMARY_COLUMNS)} |")
    assert len(table.splitlines()) == 2 + 4
    assert table in summary
    told = re.sub(r"\s+", " ", README.read_text(encoding="utf-8"))
    (machine,) = re.findall(r"Machine: (.*)\.", summary)
    assert machine in told


def test_the_faster_alternative_is_told_with_its_figures():
    page = read_page(assets_folder() / "results" / "speed.json")
    rows = {row["contender"]: row for row in page_rows(page, assets_folder())}
    theirs, ours = rows["openvino_int8"], rows["w4a8_compiled"]
    # Both of the same run: ours compiled took 0.42 to 0.46 of FP32 in the runs.
    assert [round(share / theirs["of_fp32"]["median_s"], 1) for share in (0.42, 0.46)] == [1.4, 1.6]
    assert round(theirs["peak_bytes"] / ours["peak_bytes"]) == 5
    told = re.sub(r"\s+", " ", README.read_text(encoding="utf-8"))
    assert "1.5 times as fast as ours, with five times the memory" in told


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_links_lead_somewhere(file):
    for link in re.findall(r"\]\(([^)#\s]+)", file.read_text(encoding="utf-8")):
        assert "://" in link or (file.parent / link).exists(), link
