"""The bundled runs, by recipe."""

import pytest

from sdqviz.base.assets import assets_folder
from sdqviz.runner.bundle import import_demos
from sdqviz.runner.catalog import static_catalog
from sdqviz.store.runs import Run


@pytest.fixture
def bundled(store) -> dict[str, Run]:
    import_demos(store, assets_folder() / "demo")
    return {run.spec["recipe"]: run for run in store.runs.list("quantize")}


@pytest.fixture(scope="session")
def catalog():
    return static_catalog()
