"""The program itself, and the versions it was tried with, for a Space that runs it."""

import re
import shutil
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import sdqviz
from sdqviz.base.assets import assets_folder
from sdqviz.publish.bundle import export_run
from sdqviz.publish.space.contract import Space

RUNS = "runs"  # the folder of the runs that the Space shows
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "_assets", ".*")
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def write_program(space: Space, out: Path) -> None:
    """`sdqviz/` with its assets inside, as in a wheel, and the runs."""
    shutil.copytree(Path(sdqviz.__file__).parent, out / "sdqviz", ignore=_LEFT_OUT)
    # What the app needs; screenshots and tables of the project stay at home.
    for name in ("models", "metrics", "prompts", "demo"):
        shutil.copytree(assets_folder() / name, out / "sdqviz/_assets" / name, ignore=_LEFT_OUT)
    for file in ("catalog.json", "NOTICE"):
        shutil.copyfile(assets_folder() / file, out / "sdqviz/_assets" / file)
    for run in space.runs:
        export_run(space.store, run, out / RUNS / run.id)


def requirements(left_out: tuple[str, ...] = ()) -> str:
    """requirements.txt: what sdqviz needs, in the versions that are installed here."""
    lines = (f"{name}=={version}" for name, version in _pinned() if name not in left_out)
    return "\n".join(lines) + "\n"


def installed(name: str) -> str:
    """A package's version, without what a build of this machine adds (2.11.0+cpu)."""
    return metadata.version(name).split("+")[0]


def _pinned() -> Iterator[tuple[str, str]]:
    for need in metadata.requires("sdqviz") or []:
        if "extra ==" not in need:
            name = _NAME.match(need)[0]  # type: ignore[index]
            yield name, installed(name)
