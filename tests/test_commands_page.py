"""Commands and options that the documents name exist, and COMMANDS.md names every command."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from sdqviz.base.config import complete
from sdqviz.base.registry import found
from sdqviz.cli.main import app
from sdqviz.recipes.contract import PACKAGE

ROOT = Path(__file__).parents[1]
COMMANDS = ROOT / "sdqviz" / "COMMANDS.md"
DOCUMENTS = [
    *(ROOT / "README.md", COMMANDS, ROOT / ".github" / "CONTRIBUTING.md"),
    *(ROOT / "sdqviz" / "ui" / "APP.md", ROOT / "sdqviz" / "API.md"),
    ROOT / "assets" / "demo" / "README.md",
    *sorted((ROOT / "assets" / "results").glob("*.md")),
]
TOLD = re.compile(r"(?<![\w.])(?:-m )?sdqviz ((?:runs |bench )?[a-z]+)([^`\n]*)")


def leaves(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """(words, command) of every command under a group."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from leaves(command, f"{before}{name} ")
        else:
            yield before + name, command


def known() -> dict[str, set[str]]:
    """Words of each command -> its options."""
    return {
        words: {option for parameter in command.params for option in parameter.opts} | {"--help"}
        for words, command in leaves(typer.main.get_command(app))
    }


def told(file: Path) -> Iterator[tuple[str, set[str]]]:
    """(words, options) of each command in a document's code."""
    text = file.read_text(encoding="utf-8").replace("\\\n", " ")  # a command's next line
    code = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    code += re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    for words, rest in TOLD.findall("\n".join(code)):
        yield words.strip(), set(re.findall(r"--[a-z][a-z-]*", rest.split("#")[0]))


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_what_is_told_exists(file):
    commands = known()
    for words, options in told(file):
        assert words in commands, f"sdqviz {words}"
        assert options <= commands[words], f"sdqviz {words}"


def test_every_command_is_told():
    assert {words for words, _ in told(COMMANDS)} == set(known())


def test_the_presets_are_the_recipes():
    rows = re.findall(
        r"^\| `(quick|balanced|paper)` \| (.*) \|$", COMMANDS.read_text(), re.MULTILINE
    )
    assert len(rows) == 3
    recipe = found(PACKAGE, "RECIPE")["fidelity"]
    for name, cells in rows:
        config = complete(recipe.schema(), dict(recipe.presets[name]), recipe.name)
        assert cells == " | ".join(
            (
                f"{config['calibration_scenes']}",
                f"{config['held_out_scenes']}" + " (`round_nearest`: 12)" * (name == "balanced"),
                f"{config['steps']}",
                f"{config['training_steps']:,} steps on "
                f"{config['rounds']} x {config['training_scenes']} scenes",
            )
        )
