"""The leaderboard: every method on the same plan, scenes and scores, each an ordinary quantize run.

Runs that are there already are found, not repeated: that is how a leaderboard goes on after a kill,
and how two processes share one. With `equal` the methods get the reference's training time, or its
samples: each is worked at its preset first, then with its effort (`Recipe.effort`) scaled by what
it measured.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sdqviz.base.counts import MOST_SEEDS, check_count
from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Event
from sdqviz.base.registry import found
from sdqviz.base.request import LEADERBOARD, preset_config, quantize_request
from sdqviz.metrics.intervals import median_interval, paired_interval
from sdqviz.recipes.contract import PACKAGE as RECIPES
from sdqviz.recipes.contract import Recipe
from sdqviz.results.leaderboard import (
    BoardMethod,
    BoardMetric,
    BoardRow,
    BoardScene,
    BoardScore,
    LeaderboardResult,
    Paired,
)
from sdqviz.results.metric import MetricSummary
from sdqviz.runner.catalog import static_catalog
from sdqviz.store.runs import Run
from sdqviz.store.store import Store
from sdqviz.sweeps.bits import MOST_BITS, bits_of, parse_bits
from sdqviz.sweeps.reuse import work_all

ROUNDING, REFERENCE = "round_nearest", "fidelity"
TIME, SAMPLES = "time", "samples"
SCORED_SCENES = 24  # at least, where the config does not say otherwise; a preset may have more
_KEPT = 4  # scenes whose pictures are kept
# What papers differ in beside their ideas: one value for all methods that leave it open.
SHARED = {"end_weight_bits": 8, "first_activation_bits": 0, "time_rows": "all"}


def methods_of() -> list[str]:
    """All recipes: the reference and rounding first."""
    rest = sorted(set(found(RECIPES, "RECIPE")) - {REFERENCE, ROUNDING})
    return [ROUNDING, REFERENCE, *rest]


def leaderboard_specs(
    model: str,
    methods: Sequence[str],
    bits: Sequence[str],
    seeds: int,
    preset: str,
    config: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """The quantize specs, all methods of the first bit width and seed before the others. A setting
    that a recipe does not have is left out there.
    """
    recipes: dict[str, Recipe] = found(RECIPES, "RECIPE")
    check_count("seeds", seeds, 1, MOST_SEEDS)
    check_count("bits: how many", len(bits), 1, MOST_BITS)
    unknown = [name for name in methods if name not in recipes]
    if unknown or not methods:
        raise SdqvizError(
            f"no method {unknown[0]!r}" if unknown else "no method is given",
            f"there is {', '.join(sorted(recipes))}",
        )
    known = {name: {entry["name"] for entry in recipes[name].schema()} for name in methods}
    odd = sorted(set(config) - set().union(*known.values()))
    fixed = sorted({"weight_bits", "activation_bits", "seed"} & set(config))
    if odd or fixed:
        raise SdqvizError(
            f"no method has {odd[0]!r}" if odd else f"{fixed[0]} is given",
            "the leaderboard sets bits and seeds; give other settings of its methods",
        )
    catalog = static_catalog()
    usual = (preset_config(catalog, name, preset)["held_out_scenes"] for name in methods)
    wanted = {"held_out_scenes": max(SCORED_SCENES, *usual), **SHARED, **config}
    specs = []
    for name in bits:
        weight, activation = parse_bits(name)
        for seed in range(seeds):
            for method in dict.fromkeys(methods):
                values = {k: v for k, v in wanted.items() if k in known[method]}
                values |= {"weight_bits": weight, "activation_bits": activation, "seed": seed}
                specs.append(quantize_request(catalog, model, method, preset, values))
    return specs


def work_leaderboard(
    store: Store, specs: Sequence[dict[str, Any]], equal: str, see: Callable[[Event], None]
) -> Run:
    """Works what is missing; the leaderboard's own run holds the table and some pictures."""
    if equal not in ("", TIME, SAMPLES):
        raise SdqvizError(f"equal is {equal!r}", f"choose {TIME} or {SAMPLES}, or leave it out")
    if equal and not any(spec["recipe"] == REFERENCE for spec in specs):
        raise SdqvizError(
            f"equal {equal} is that of {REFERENCE}, which is not among the methods",
            f"add {REFERENCE} to --methods",
        )
    runs = _worked(store, specs, see)
    if equal:
        specs = [_scaled(spec, run, runs, equal) for spec, run in zip(specs, runs, strict=True)]
        runs = _worked(store, specs, see)
    board = leaderboard_of(runs, equal)
    spec = {"model": board.model, "preset": board.preset, "equal": equal}
    return store.runs.get(store.runs.add_made(LEADERBOARD, spec, board.as_row()))


def _worked(
    store: Store, specs: Sequence[dict[str, Any]], see: Callable[[Event], None]
) -> list[Run]:
    def label(spec: dict[str, Any]) -> str:
        return f"{spec['recipe']} {bits_of(spec)}, seed {spec['config']['seed']}"

    return work_all(store, specs, label, "leaderboard", see)


def _scaled(spec: dict[str, Any], run: Run, runs: Sequence[Run], equal: str) -> dict[str, Any]:
    """The spec with the effort that gives it what the reference had at these bits and this seed."""
    recipe: Recipe = found(RECIPES, "RECIPE")[spec["recipe"]]
    own = _spent(run, equal)
    if spec["recipe"] == REFERENCE or not recipe.effort or not own:
        return spec
    goal = next(
        _spent(other, equal)
        for other in runs
        if other.spec["recipe"] == REFERENCE and _place(other) == _place(run)
    )
    if not goal:
        raise SdqvizError(
            f"{REFERENCE} trained nothing", "leave out --equal, or give it training_steps"
        )
    config = dict(spec["config"])
    for name in recipe.effort:
        if config[name]:
            config[name] = max(1, round(config[name] * goal / own))
    return {**spec, "config": config}  # prompts of the user's own stay


def _spent(run: Run, equal: str) -> float:
    """Seconds or samples of the run's training; 0 where there was none."""
    facts = run.quantized.training
    if facts is None:
        return 0.0
    return facts.seconds if equal == TIME else facts.samples or 0.0


def _place(run: Run) -> tuple[str, int]:
    return bits_of(run.spec), run.spec["config"]["seed"]


def leaderboard_of(runs: Sequence[Run], equal: str = "") -> LeaderboardResult:
    """What finished quantize runs of the same model and scenes say together."""
    first = runs[0].quantized
    ids = [row.id for row in first.scenes]
    if any([row.id for row in run.quantized.scenes] != ids for run in runs):
        raise SdqvizError("the runs have different scenes", "make each of the same settings")
    recipes: dict[str, Recipe] = found(RECIPES, "RECIPE")
    metrics = [name for name in first.measured if all(_has_all(run, name) for run in runs)]
    if not metrics:
        raise SdqvizError("no score is there of every scene of every run", "see the runs' pages")
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((bits_of(run.spec), run.spec["recipe"]), []).append(run)
    kept = [ids[place] for place in _spread(len(ids))]
    rows = [_row(group, groups, metrics, kept) for group in groups.values()]
    order = list(dict.fromkeys(bits for bits, _ in groups))
    main = "flip" if "flip" in metrics else metrics[0]
    rows.sort(key=lambda row: (order.index(row.bits), row.scores[main].over_floor))
    return LeaderboardResult(
        model=runs[0].spec["model"],
        preset=runs[0].spec["preset"],
        equal=equal,
        reference=REFERENCE,
        seeds=len({run.spec["config"]["seed"] for run in runs}),
        scored_scenes=len(ids),
        metrics={name: _metric(first.measured[name]) for name in metrics},
        methods={
            name: BoardMethod(
                label=recipes[name].label, summary=recipes[name].summary, paper=recipes[name].paper
            )
            for name in dict.fromkeys(run.spec["recipe"] for run in runs)
        },
        scenes=[
            BoardScene(id=row.id, prompt=row.prompt, seed=row.seed, picture=row.pictures.fp)
            for row in first.scenes
            if row.id in kept
        ],
        rows=rows,
    )


def _has_all(run: Run, name: str) -> bool:
    """Whether every scene has this score: a picture that is not finite has none."""
    scenes = run.quantized.scenes
    return all(
        score.get(name) is not None
        for row in scenes
        for score in (row.metrics, row.floor, row.ceiling)
    )


def _spread(count: int) -> list[int]:
    """Places of the scenes whose pictures are kept, evenly over all."""
    kept = min(_KEPT, count)
    return [round(i * (count - 1) / max(1, kept - 1)) for i in range(kept)]


def _metric(summary: MetricSummary) -> BoardMetric:
    return BoardMetric(label=summary.label, direction=summary.direction, settings=summary.settings)


def _row(
    group: Sequence[Run],
    groups: Mapping[tuple[str, str], Sequence[Run]],
    metrics: Sequence[str],
    kept: Sequence[str],
) -> BoardRow:
    run, bits = group[0], bits_of(group[0].spec)
    results = [one.quantized for one in group]
    trained = [r.training for r in results if r.training]
    samples = [facts.samples for facts in trained if facts.samples is not None]
    shown = {row.id: row.pictures.student for row in results[0].scenes}
    return BoardRow(
        method=run.spec["recipe"],
        bits=bits,
        runs=[one.id for one in group],
        scores={
            name: _score(name, group, groups.get((bits, ROUNDING)), groups.get((bits, REFERENCE)))
            for name in metrics
        },
        training_seconds=statistics.median(t.seconds for t in trained) if trained else None,
        samples=statistics.median(samples) if samples else None,
        seconds=statistics.median(r.seconds for r in results),
        peak_bytes=max(r.peak_bytes for r in results),
        bytes=results[0].size.bytes,
        fp_bytes=results[0].size.fp_bytes,
        pictures=[shown[scene] for scene in kept],
    )


def _score(
    name: str, group: Sequence[Run], rounding: Sequence[Run] | None, best: Sequence[Run] | None
) -> BoardScore:
    summary = group[0].quantized.measured[name]
    sign = -1.0 if summary.higher_is_better else 1.0
    own = _by_scene(group, name)
    median = statistics.median(own)
    floor = statistics.median(_references(group, name, "floor"))
    over = sign * (median - floor)
    paired = share = None
    if rounding:
        whole = sign * (statistics.median(_by_scene(rounding, name)) - floor)
        share = over / whole if whole > 0 else None
    if best and best is not group:
        other = _by_scene(best, name)
        paired = Paired(
            change=median - statistics.median(other),
            interval=paired_interval(other, own, name),
            better=sum(sign * a < sign * b for a, b in zip(own, other, strict=True)),
            scenes=len(own),
        )
    return BoardScore(
        median=median,
        interval=median_interval(own, name),
        floor=floor,
        ceiling=statistics.median(_references(group, name, "ceiling")),
        over_floor=over,
        share=share,
        paired=paired,
    )


def _by_scene(group: Sequence[Run], name: str) -> list[float]:
    """Each scene's median over the seeds, in the order of the scenes."""
    scores = [[_number(row.metrics[name]) for row in r.quantized.scenes] for r in group]
    return [statistics.median(scene) for scene in zip(*scores, strict=True)]


def _references(group: Sequence[Run], name: str, which: str) -> list[float]:
    return [_number(getattr(row, which)[name]) for row in group[0].quantized.scenes]


def _number(score: float | None) -> float:
    assert score is not None  # `_has_all`
    return score
