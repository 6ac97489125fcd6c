"""The version has one place, and is told everywhere."""

import tomllib
from pathlib import Path

from typer.testing import CliRunner

import sdqviz
from sdqviz.cli.main import app
from sdqviz.runner.supervise import Supervisor
from sdqviz.serve import app_context
from sdqviz.ui.app import build_app

ROOT = Path(__file__).parents[1]


def test_the_package_file_is_its_one_place():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in project["project"]
    assert project["project"]["dynamic"] == ["version"]
    file = ROOT / project["tool"]["hatch"]["version"]["path"]
    assert f'__version__ = "{sdqviz.__version__}"' in file.read_text(encoding="utf-8")


def test_the_command_and_the_page_tell_it(home):
    told = CliRunner().invoke(app, ["--version"])
    assert (told.exit_code, told.stdout.strip()) == (0, f"sdqviz {sdqviz.__version__}")
    page = build_app(app_context(home, Supervisor(home)))
    texts = [str(block["props"].get("value")) for block in page.config["components"]]
    assert any(f"sdqviz {sdqviz.__version__}" in text for text in texts)


def test_the_changelog_has_its_heading():
    text = (ROOT / ".github" / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## {sdqviz.__version__}" in text
