"""A class's app lets nobody quantize or cancel, and shows everyone one run."""

from typing import Any

import pytest

from sdqviz.base.assets import assets_folder
from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import GENERATE, QUANTIZE
from sdqviz.publish.bundle import import_demos
from sdqviz.ui.classroom import in_class
from sdqviz.ui.context import AppContext


@pytest.fixture
def asked() -> list[tuple[str, ...]]:
    return []


@pytest.fixture
def context(store, asked) -> AppContext:
    demos = import_demos(store, assets_folder() / "demo")
    nothing: Any = None

    def submit(kind: str, spec: dict[str, Any]) -> str:
        asked.append((kind,))
        return "id"

    act: Any = asked.append
    return AppContext(store, nothing, submit, nothing, act, act, act, nothing, tuple(demos))


def test_nothing_is_quantized_or_cancelled(context, asked):
    shared = in_class(context, "192.168.0.2")
    for act in (shared.cancel, shared.resume, shared.finish):
        with pytest.raises(SdqvizError, match="is off while a class uses this app"):
            act("a")
    with pytest.raises(SdqvizError, match="quantizing is off"):
        shared.submit(QUANTIZE, {})
    assert not asked
    shared.submit(GENERATE, {})
    assert asked == [(GENERATE,)]


def test_the_run_is_pinned(context):
    shown = context.finished_run(None)
    assert shown is not None and in_class(context, "").pinned == shown.id
    assert shown.spec["recipe"] == "fidelity"
