"""A ladder of bits: the same scenes from W8A8 down, until the picture falls apart."""

from collections.abc import Callable, Sequence
from typing import Any

from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Event
from sdqviz.base.request import LADDER, quantize_request
from sdqviz.results.ladder import LadderResult, LadderScene, Rung, RungScene
from sdqviz.runner.catalog import static_catalog
from sdqviz.store.runs import Run
from sdqviz.store.store import Store
from sdqviz.sweeps.bits import bits_of
from sdqviz.sweeps.reuse import work_all

# Recipe, bits of weights, bits of activations: the most bits first. The trained recipe stands
# beside rounding where it is meant for.
NEAREST, TRAINED = "round_nearest", "fidelity"
RUNGS = (
    (NEAREST, 8, 8),
    (NEAREST, 6, 8),
    (TRAINED, 4, 8),
    (NEAREST, 4, 8),
    (NEAREST, 4, 6),
    (NEAREST, 3, 8),
    (NEAREST, 4, 4),
    (NEAREST, 2, 8),
)


def ladder_specs(model: str, preset: str, config: dict[str, Any]) -> list[dict[str, Any]]:
    """The quantize spec of each rung; a setting that a recipe does not have is left out there."""
    catalog, specs = static_catalog(), []
    known = {r["name"]: {entry["name"] for entry in r["schema"]} for r in catalog["recipes"]}
    unknown = sorted(set(config) - known[NEAREST] - known[TRAINED])
    fixed = sorted({"weight_bits", "activation_bits"} & set(config))
    if unknown or fixed:
        raise SdqvizError(
            f"no recipe of the ladder has {unknown[0]!r}" if unknown else f"{fixed[0]} is given",
            "the rungs set the bits; give other settings of the two recipes",
        )
    for recipe, weight_bits, activation_bits in RUNGS:
        own = {name: value for name, value in config.items() if name in known[recipe]}
        own |= {"weight_bits": weight_bits, "activation_bits": activation_bits}
        specs.append(quantize_request(catalog, model, recipe, preset, own))
    return specs


def work_ladder(store: Store, specs: Sequence[dict[str, Any]], see: Callable[[Event], None]) -> Run:
    """Works what is missing of the rungs; the ladder's own run holds their pictures and scores."""
    rungs = work_all(
        store, specs, lambda spec: f"{bits_of(spec)} by {spec['recipe']}", "ladder", see
    )
    spec = {"model": specs[0]["model"], "preset": specs[0]["preset"]}
    return store.runs.get(store.runs.add_made(LADDER, spec, ladder_of(rungs).as_row()))


def ladder_of(runs: Sequence[Run]) -> LadderResult:
    """What finished quantize runs of the same scenes say together."""
    first = runs[0].quantized
    ids = [row.id for row in first.scenes]
    if any([row.id for row in run.quantized.scenes] != ids for run in runs):
        raise SdqvizError("the rungs have different scenes", "make each of the same settings")
    shared = [n for n in first.measured if all(n in run.quantized.measured for run in runs)]
    return LadderResult(
        model=runs[0].spec["model"],
        metrics={name: first.measured[name].label or name for name in shared},
        scenes=[
            LadderScene(
                id=row.id,
                prompt=row.prompt,
                seed=row.seed,
                picture=row.pictures.fp,
                timesteps=row.timesteps,
                floor=_of(row.floor, shared),
                ceiling=_of(row.ceiling, shared),
            )
            for row in first.scenes
        ],
        rungs=[_rung(run, shared) for run in runs],
    )


def _rung(run: Run, shared: Sequence[str]) -> Rung:
    result = run.quantized
    return Rung(
        bits=bits_of(run.spec),
        recipe=run.spec["recipe"],
        run=run.id,
        bytes=result.size.bytes,
        fp_bytes=result.size.fp_bytes,
        medians={name: float(result.measured[name].median or 0.0) for name in shared},
        scenes=[
            RungScene(
                id=row.id,
                picture=row.pictures.student,
                scores=_of(row.metrics, shared),
                free_run=row.free_run,
            )
            for row in result.scenes
        ],
    )


def _of(scores: Any, names: Sequence[str]) -> dict[str, float]:
    return {name: scores[name] for name in names if scores.get(name) is not None}
