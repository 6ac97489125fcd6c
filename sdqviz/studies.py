"""Studies of many runs, as the Python API has them: ablation, table, ladder, leaderboard."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sdqviz.base.events import Event
from sdqviz.base.places import refuse_occupied
from sdqviz.base.settings import home_folder
from sdqviz.publish.ablation import write_ablation
from sdqviz.publish.leaderboard import write_leaderboard
from sdqviz.results.ablation import AblationResult
from sdqviz.results.leaderboard import LeaderboardResult
from sdqviz.runner.afford import afford
from sdqviz.runner.preflight import refuse_undrawable
from sdqviz.runner.prompt_files import with_prompts
from sdqviz.store.store import Store
from sdqviz.sweeps.ablation import ablate as work_arms
from sdqviz.sweeps.ablation import arm_specs
from sdqviz.sweeps.ladder import ladder_specs, work_ladder
from sdqviz.sweeps.leaderboard import leaderboard_specs, methods_of, work_leaderboard
from sdqviz.sweeps.table import table_specs, work_table
from sdqviz.views.leaderboard.table import board_markdown
from sdqviz.views.tables.models import model_table
from sdqviz.views.training.ablation import ablation_table

See = Callable[[Event], None]


def ablate(
    model: str,
    *,
    preset: str = "balanced",
    bits: Sequence[str] = ("W4A8", "W3A8", "W4A6", "W2A8"),
    more_bits: Sequence[str] = (),
    seeds: int = 3,
    central_seeds: int = 0,
    config: dict[str, Any] | None = None,
    prompts_file: str | Path | None = None,
    out: str | Path | None = None,
    see: See = lambda event: None,
) -> dict[str, Any]:
    """Runs every arm of the ablation and returns {run, model, preset, seeds, rows, table}.

    Arms that were run before are not repeated. prompts_file: as for `quantize`. out, if given,
    gets table.md, table.json, plot.svg and the events of every arm.
    """
    store = Store(home_folder())
    if out is not None:
        refuse_occupied(Path(out), "--out folder")
    arms_of = arm_specs(model, preset, bits, seeds, config or {}, central_seeds, more_bits)
    specs = [with_prompts(spec, prompts_file) for spec in arms_of]
    for spec in specs:
        refuse_undrawable(spec)
        afford(store, spec, lambda event: None)
    run, arms = work_arms(store, specs, see)
    assert isinstance(run.outcome, AblationResult)
    rows = run.outcome.rows
    if out is not None:
        write_ablation(store, rows, arms, Path(out))
    return {
        "run": run.id,
        "model": model,
        "preset": preset,
        "seeds": seeds,
        "rows": [row.as_row() for row in rows],
        "table": ablation_table(rows),
    }


def table(
    models: Sequence[str],
    *,
    recipes: Sequence[str] = ("round_nearest", "fidelity"),
    preset: str = "balanced",
    config: dict[str, Any] | None = None,
    prompts_file: str | Path | None = None,
    see: See = lambda event: None,
) -> dict[str, Any]:
    """Quantizes every model with every recipe and returns {preset, rows, table}.

    Runs that are in the store already are not repeated. config holds settings for all recipes
    that have them. prompts_file: as for `quantize`.
    """
    store = Store(home_folder())
    pairs = table_specs(models, recipes, preset, config or {})
    specs = [with_prompts(spec, prompts_file) for spec in pairs]
    for spec in specs:
        refuse_undrawable(spec)
        afford(store, spec, lambda event: None)
    rows = work_table(store, specs, see)
    return {"preset": preset, "rows": rows, "table": model_table(rows)}


def ladder(
    model: str,
    *,
    preset: str = "balanced",
    config: dict[str, Any] | None = None,
    see: See = lambda event: None,
) -> dict[str, Any]:
    """Quantizes the model from W8A8 down to 2 and 4 bits and keeps the same scenes of each:
    {run, model, rungs: [{bits, recipe, bytes, medians}]}. What is there already is not repeated.
    """
    store = Store(home_folder())
    specs = ladder_specs(model, preset, config or {})
    for spec in specs:
        afford(store, spec, lambda event: None)
    made = work_ladder(store, specs, see)
    rungs = (made.result or {})["rungs"]
    told = [{key: rung[key] for key in ("bits", "recipe", "bytes", "medians")} for rung in rungs]
    return {"run": made.id, "model": model, "rungs": told}


def leaderboard(
    model: str,
    *,
    methods: Sequence[str] = (),
    bits: Sequence[str] = ("W4A8",),
    seeds: int = 1,
    equal: str = "",
    preset: str = "balanced",
    config: dict[str, Any] | None = None,
    prompts_file: str | Path | None = None,
    out: str | Path | None = None,
    see: See = lambda event: None,
) -> dict[str, Any]:
    """Quantizes the model by every method on one plan: {run, model, preset, equal, rows, table}.

    methods: recipes, all where empty. equal: "time" or "samples" gives every method the training
    time or samples of `fidelity`; empty leaves each its preset. Runs that are in the store are not
    repeated. prompts_file: as for `quantize`. out, if given, gets a page that opens without a
    server, table.md and board.json.
    """
    store = Store(home_folder())
    if out is not None:
        refuse_occupied(Path(out), "--out folder")
    made = leaderboard_specs(model, methods or methods_of(), bits, seeds, preset, config or {})
    specs = [with_prompts(spec, prompts_file) for spec in made]
    for spec in specs:
        refuse_undrawable(spec)
        afford(store, spec, lambda event: None)
    run = work_leaderboard(store, specs, equal, see)
    assert isinstance(run.outcome, LeaderboardResult)
    board = run.outcome
    if out is not None:
        write_leaderboard(store, board, Path(out))
    return {
        "run": run.id,
        "model": model,
        "preset": preset,
        "equal": equal,
        "rows": [row.as_row() for row in board.rows],
        "table": board_markdown(board),
    }
