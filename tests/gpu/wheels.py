"""Packages that the machine lacks, from a folder of wheels: nothing is downloaded."""

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path


def missing_wheels(folder: Path) -> list[Path]:
    """The folder's wheels whose distribution is not installed."""
    installed = {_plain(d.name) for d in importlib.metadata.distributions() if d.name}
    wheels = sorted(folder.glob("*.whl"))
    return [wheel for wheel in wheels if _plain(wheel.name.split("-")[0]) not in installed]


def install(folder: Path, target: Path) -> list[str]:
    """Installs those into `target`, to be put on PYTHONPATH; returns their names. What is
    installed already stays as it is, so no dependency is looked for.
    """
    wheels = missing_wheels(folder)
    if wheels:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
        subprocess.run([*command, "--target", str(target), *map(str, wheels)], check=True)
    return [wheel.name for wheel in wheels]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
