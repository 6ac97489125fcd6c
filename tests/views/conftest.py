"""The bundled runs, by recipe."""

from dataclasses import replace

import pytest

from sdqviz.base.assets import assets_folder
from sdqviz.publish.bundle import import_demos
from sdqviz.runner.catalog import static_catalog
from sdqviz.store.runs import Run


@pytest.fixture
def bundled(store) -> dict[str, Run]:
    import_demos(store, assets_folder() / "demo")
    return {run.spec["recipe"]: run for run in store.runs.list("quantize")}


def simulated(run: Run) -> Run:
    """The run as if the reference engine had computed it: labelled so, and slower."""
    result = run.result or {}
    seconds = result["step_seconds"]
    return replace(
        run,
        result={
            **result,
            "engine": {**result["engine"], "arithmetic": "simulated"},
            "step_seconds": {**seconds, "student": 3 * seconds["student"]},
        },
    )


@pytest.fixture(scope="session")
def catalog():
    return static_catalog()
