"""Every method on one plan, the same scenes and the same scores."""

import pytest

from sdqviz.base.errors import SdqvizError
from sdqviz.base.registry import found
from sdqviz.base.request import LEADERBOARD
from sdqviz.publish.bundle import export_run, import_run
from sdqviz.publish.leaderboard import write_leaderboard
from sdqviz.recipes.contract import PACKAGE as RECIPES
from sdqviz.results.leaderboard import LeaderboardResult, Paired
from sdqviz.store.store import Store
from sdqviz.sweeps import leaderboard
from sdqviz.views.leaderboard.table import verdict

SMALL = {
    **{"calibration_scenes": 1, "held_out_scenes": 2, "steps": 3, "time_rows": "sampler"},
    **{"training_steps": 4, "training_scenes": 1, "rounds": 2, "batch": 2, "previews": 0},
    **{"iterations": 2, "range_iterations": 2, "samples": 4, "block_batch": 2, "looks": 0},
}
METHODS = ("round_nearest", "fidelity", "q_diffusion")


@pytest.fixture(scope="module")
def made(tmp_path_factory, tiny_folder):
    store = Store(tmp_path_factory.mktemp("board"))
    specs = leaderboard.leaderboard_specs(str(tiny_folder), METHODS, ["W4A8"], 1, "quick", SMALL)
    seen = []
    return store, specs, leaderboard.work_leaderboard(store, specs, "samples", seen.append), seen


def test_methods_stand_on_the_same_scenes_beside_rounding_and_the_reference(made):
    store, _, run, _ = made
    board = run.outcome
    assert isinstance(board, LeaderboardResult) and run.kind == LEADERBOARD
    rows = {row.method: row for row in board.rows}
    assert set(rows) == set(METHODS) == set(board.methods)
    assert board.scored_scenes == 2 and len(board.scenes) == 2
    for row in board.rows:
        score = row.scores["flip"]
        floor = rows["fidelity"].scores["flip"].floor
        assert score.floor == floor and score.over_floor == pytest.approx(score.median - floor)
        assert (score.paired is None) == (row.method == "fidelity")
        assert [store.blobs.path(p).exists() for p in row.pictures] == [True, True]
    assert rows["round_nearest"].scores["flip"].share == pytest.approx(1.0)
    paired = rows["round_nearest"].scores["ssim"].paired
    change = rows["round_nearest"].scores["ssim"].median - rows["fidelity"].scores["ssim"].median
    assert paired is not None and paired.change == pytest.approx(change) and paired.scenes == 2
    errors = [row.scores["flip"].over_floor for row in board.rows]
    assert errors == sorted(errors)


def test_equal_samples_are_equal_and_nothing_is_made_twice(made):
    store, specs, run, _ = made
    rows = {row.method: row for row in run.outcome.rows}
    assert rows["round_nearest"].samples is None
    # Iterations are whole numbers, of weights and of ranges: within one of each.
    assert rows["q_diffusion"].samples == pytest.approx(rows["fidelity"].samples, abs=4)
    before = len(store.runs.list("quantize"))
    again = leaderboard.work_leaderboard(store, specs, "samples", lambda event: None)
    assert len(store.runs.list("quantize")) == before
    assert again.outcome.rows == run.outcome.rows


def test_it_is_a_page_without_a_server_and_travels(made, tmp_path):
    store, _, run, _ = made
    page = write_leaderboard(store, run.outcome, tmp_path / "page").read_text()
    for name in METHODS:
        assert found(RECIPES, "RECIPE")[name].label in page
    pictures = {file.name for file in (tmp_path / "page" / "pictures").iterdir()}
    assert pictures and all(f"pictures/{name}" in page for name in pictures)
    assert "| W4A8 |" in (tmp_path / "page" / "table.md").read_text()
    folder = export_run(store, run, tmp_path / "out")
    assert not list(folder.glob("*.safetensors"))  # pictures, no weights
    other = Store(tmp_path / "elsewhere")
    taken = other.runs.get(import_run(other, folder))
    assert taken.outcome == run.outcome
    assert other.blobs.path(taken.outcome.rows[0].pictures[0]).exists()


@pytest.mark.parametrize(
    ("methods", "bits", "config", "told"),
    [
        (("magic",), ["W4A8"], {}, "no method 'magic'"),
        ((), ["W4A8"], {}, "no method is given"),
        (METHODS, ["W9A8"], {}, "W9A8"),
        (METHODS, ["W4A8"], {"weight_bits": 3}, "weight_bits is given"),
        (METHODS, ["W4A8"], {"colour": 3}, "no method has 'colour'"),
    ],
)
def test_what_is_not_there_is_told(methods, bits, config, told):
    with pytest.raises(SdqvizError, match=told):
        leaderboard.leaderboard_specs("mini-sd1", methods, bits, 1, "quick", config)


def test_as_many_scenes_as_asked_for_and_at_least_two_dozen():
    def scenes(preset, **config):
        specs = leaderboard.leaderboard_specs("mini-sd1", METHODS, ["W4A8"], 1, preset, config)
        return {spec["config"]["held_out_scenes"] for spec in specs}

    assert scenes("quick") == {leaderboard.SCORED_SCENES} == {24}
    assert scenes("paper") == {64}  # the preset's own
    assert scenes("paper", held_out_scenes=3) == {3}


def test_equal_changes_the_effort_and_nothing_else(made):
    _, specs, run, _ = made
    mine = [{**spec, "prompts": {"held_out": ["a key"]}} for spec in specs]
    runs = [made[0].runs.get(row.runs[0]) for row in run.outcome.rows]
    by_method = {one.spec["recipe"]: one for one in runs}
    first = {s["recipe"]: s for s in mine}["q_diffusion"]
    scaled = leaderboard._scaled(first, by_method["q_diffusion"], runs, "samples")
    assert {k: v for k, v in scaled.items() if k != "config"} == {
        k: v for k, v in first.items() if k != "config"
    }
    changed = {k for k, v in scaled["config"].items() if v != first["config"][k]}
    assert changed <= {"iterations", "range_iterations"}


def test_equal_needs_the_reference(store):
    specs = leaderboard.leaderboard_specs("mini-sd1", ["tac"], ["W4A8"], 1, "quick", {})
    with pytest.raises(SdqvizError, match="not among the methods"):
        leaderboard.work_leaderboard(store, specs, "time", lambda event: None)
    with pytest.raises(SdqvizError, match="equal is 'luck'"):
        leaderboard.work_leaderboard(store, specs, "luck", lambda event: None)


def test_every_trained_method_has_its_effort():
    recipes = found(RECIPES, "RECIPE")
    assert {name for name, recipe in recipes.items() if not recipe.effort} == {"round_nearest"}


@pytest.mark.parametrize(
    ("change", "interval", "direction", "told"),
    [
        (-0.1, (-0.2, -0.05), "lower", "better (3 of 4)"),
        (-0.1, (-0.2, 0.05), "lower", "better, within noise (3 of 4)"),
        (-0.1, (-0.2, -0.05), "higher", "worse (3 of 4)"),
        (0.0, (0.0, 0.0), "higher", "equal (3 of 4)"),
        (0.1, None, "higher", "better, within noise (3 of 4)"),
    ],
)
def test_a_difference_in_words(change, interval, direction, told):
    paired = Paired(change=change, interval=interval, better=3, scenes=4)
    assert verdict(paired, direction, False) == told
