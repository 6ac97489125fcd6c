"""Methods: what a leaderboard keeps, and nothing where there is none."""

import json
from typing import Any

import pytest

from sdqviz.base.assets import assets_folder
from sdqviz.publish.bundle import import_demos
from sdqviz.results.leaderboard import (
    BoardMethod,
    BoardMetric,
    BoardRow,
    BoardScene,
    BoardScore,
    LeaderboardResult,
)
from sdqviz.ui.app import build_app
from sdqviz.ui.context import AppContext


def board(picture: str) -> LeaderboardResult:
    score = BoardScore(median=0.1, interval=None, floor=0.02, ceiling=0.3, over_floor=0.08)
    row = BoardRow(
        **{"method": "fidelity", "bits": "W4A8", "runs": ["r"], "scores": {"flip": score}},
        **{"seconds": 9.0, "peak_bytes": 1, "bytes": 2, "fp_bytes": 4, "pictures": [picture]},
    )
    return LeaderboardResult(
        **{"model": "mini-sd1", "preset": "quick", "equal": "", "reference": "fidelity"},
        **{"seeds": 1, "scored_scenes": 1, "rows": [row]},
        metrics={"flip": BoardMetric(label="FLIP", direction="lower", settings="")},
        methods={"fidelity": BoardMethod(label="Fidelity", summary="Trains.", paper="")},
        scenes=[BoardScene(id="s", prompt="a key", seed=1, picture=picture)],
    )


@pytest.fixture
def shown(store):
    """(whether the tab is on the page, its handlers by name)"""
    import_demos(store, assets_folder() / "demo")
    catalog = json.loads((assets_folder() / "catalog.json").read_text(encoding="utf-8"))
    nothing: Any = None

    def build() -> tuple[bool, dict[str, Any]]:
        page = build_app(AppContext(store, lambda: catalog, *[nothing] * 6))
        (tab,) = [b for b in page.blocks.values() if getattr(b, "id", None) == "methods"]
        known = {
            f.fn.__qualname__.split(".")[-1]: f.fn
            for f in page.fns.values()
            if f.fn and "LeaderboardTab" in f.fn.__qualname__
        }
        return bool(tab.visible), known

    return build


def test_without_a_leaderboard_there_is_no_tab(shown):
    is_there, handlers = shown()
    assert not is_there
    assert "sdqviz leaderboard MODEL" in handlers["fill"](None)[3]


def test_the_newest_of_the_shown_model_is_drawn(store, shown):
    run = next(r for r in store.runs.list("quantize"))
    picture = run.scenes[0].pictures.fp
    made = board(picture)
    store.runs.add_made("leaderboard", {"model": "mini-sd1", "preset": "quick"}, made.as_row())
    is_there, handlers = shown()
    assert is_there
    table, pictures, cost, cards = handlers["fill"](run.id)[3:]
    assert "0.1000" in table and picture in pictures and "<svg" in cost and "Trains." in cards
    # A choice of just before names what is no longer there: it changes nothing.
    assert all(isinstance(one, dict) for one in handlers["draw"](run.id, "W2A8", "flip", "s"))
    assert picture in handlers["draw"](run.id, "W4A8", "flip", "s")[1]
