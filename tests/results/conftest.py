"""The bundled runs' rows, as they lie in their files."""

import json

import pytest

from sdqviz.base.assets import assets_folder

BUNDLED = sorted(file.parent.name for file in (assets_folder() / "demo").glob("*/run.json"))


@pytest.fixture
def row_of():
    """A bundled run's row by its folder's name."""

    def read(name: str) -> dict:
        return json.loads((assets_folder() / "demo" / name / "run.json").read_bytes())

    return read


@pytest.fixture
def fidelity(row_of) -> dict:
    """The bundled trained run's result."""
    return row_of("mini-sd1-fidelity")["result"]
