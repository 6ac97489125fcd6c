"""The example of CONTRIBUTING, as written there: a method from outside the package."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import QUICK

PAGE = Path(__file__).parents[2] / ".github" / "CONTRIBUTING.md"


@pytest.fixture(scope="module")
def outside(tmp_path_factory) -> dict[str, str]:
    """The environment of a process in which another distribution announces the example."""
    folder = tmp_path_factory.mktemp("outside")
    text = PAGE.read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    package = folder / "your_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "bias.py").write_text(code, encoding="utf-8")
    (announced,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    group = re.search(r'entry-points."(.*)"', announced)
    points = re.findall(r'^(\w+) = "(.*)"$', announced, re.MULTILINE)
    assert group
    info = folder / "your_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: your-package\nVersion: 1.0\n")
    lines = [f"[{group[1]}]", *(f"{name} = {value}" for name, value in points)]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    path = os.pathsep.join([str(folder), str(PAGE.parents[1])])
    return {**os.environ, "PYTHONPATH": path, "SDQVIZ_HOME": str(folder / "home")}


def run(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_about_25_lines_and_keeps_the_house_style(outside):
    code = (Path(outside["PYTHONPATH"].split(os.pathsep)[0]) / "your_package/bias.py").read_text()
    body = code[code.index("    @torch.no_grad()") : code.index("before = ")]
    assert len([line for line in body.splitlines() if line.strip()]) <= 25
    assert max(map(len, code.splitlines())) <= 100


def test_it_stands_in_the_table_beside_ours(outside, tiny_folder):
    sets = [part for name, value in QUICK.items() for part in ("--set", f"{name}={value}")]
    sets += ["--set", "strength=0.5", "--set", "weight_bits=2"]
    both = "round_nearest,bias_corrected"
    command = ("-m", "sdqviz", "table", str(tiny_folder), "--recipes", both, "--preset", "quick")
    rows = json.loads(run(outside, *command, *sets, "--json").splitlines()[-1])["rows"]
    nearest, corrected = rows
    assert corrected["recipe"] == "bias_corrected"
    assert corrected["metrics"]["psnr"]["median"] != nearest["metrics"]["psnr"]["median"]


def test_it_is_in_the_form_and_its_keys_hold(outside):
    code = """
import json
from sdqviz.runner.catalog import static_catalog
import gradio as gr
from sdqviz.ui.request_form import build_settings
catalog = static_catalog()
with gr.Blocks():
    fields, groups, _ = build_settings(catalog, "bias_corrected", "quick")
shown = sorted(name for name, field in fields.items() if field.visible)
print(json.dumps([shown, fields["strength"].label]))
"""
    fields, label = json.loads(run(outside, "-c", code).splitlines()[-1])
    assert label == "Strength"
    assert "equalise" not in fields  # fixed by the recipe
    # The contract tests run over it; finding none of its own, pytest would fail.
    run(outside, "-m", "pytest", "-n", "0", "-k", "bias", "tests/contracts/test_keys.py")


def test_the_app_offers_it_at_its_first_start(outside, tmp_path):
    code = """
from pathlib import Path
from sdqviz.serve import app_context
from sdqviz.runner.supervise import Supervisor
home = Path({home!r})
supervisor = Supervisor(home)
try:
    context = app_context(home, supervisor)
    print([recipe["name"] for recipe in context.catalog()["recipes"]])
finally:
    supervisor.stop()
"""
    environment = {**outside, "SDQVIZ_HOME": str(tmp_path)}
    assert "bias_corrected" in run(environment, "-c", code.format(home=str(tmp_path)))
