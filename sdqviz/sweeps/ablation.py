"""The ablation: every arm an ordinary quantize run, then one table over their medians.

An arm that was run before, with the same settings, is found and not repeated: that is how an
ablation goes on after a kill.
"""

import statistics
from collections.abc import Callable, Sequence
from typing import Any

from sdqviz.base.counts import MOST_SEEDS, check_count
from sdqviz.base.events import Event, Scalar
from sdqviz.base.request import ABLATE, quantize_request
from sdqviz.results.ablation import AblationResult, ArmRow, Spread
from sdqviz.runner.catalog import static_catalog
from sdqviz.store.runs import Run
from sdqviz.store.store import Store
from sdqviz.sweeps.arms import ARMS, BASE, CENTRAL, TRIED
from sdqviz.sweeps.bits import MOST_BITS, parse_bits
from sdqviz.sweeps.reuse import work_all


def arm_specs(
    model: str,
    preset: str,
    bits: Sequence[str],
    seeds: int,
    config: dict[str, Any],
    central_seeds: int = 0,
    more_bits: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """The quantize specs to run, what matters most first.

    The first bit width gets every arm, the others the central ones. `central_seeds`, if larger,
    gives the central arms more seeds than the rest. `more_bits` get the central arms once.
    """
    check_count("seeds", seeds, 1, MOST_SEEDS)
    check_count("central_seeds", central_seeds, 0, MOST_SEEDS)
    check_count("bits: how many", len(bits), 1, MOST_BITS)
    check_count("more_bits: how many", len(more_bits), 0, MOST_BITS)
    places = [
        (seed > 0, arm not in CENTRAL and seed > 0, seed, index, arm, name)
        for index, name in enumerate([*bits, *more_bits])
        for arm in ARMS
        for seed in range(_seeds(arm, index, index < len(bits), seeds, central_seeds))
    ]
    catalog, specs = static_catalog(), []
    for _, _, seed, _, arm, name in sorted(places, key=lambda place: place[:4]):
        weight, activation = parse_bits(name)
        values = {**config, "weight_bits": weight, "activation_bits": activation}
        values |= {"seed": seed, "previews": 2, **ARMS[arm]}
        spec = quantize_request(catalog, model, BASE, preset, values)
        specs.append({**spec, "arm": f"{arm}, W{weight}A{activation}, seed {seed}"})
    return specs


def _seeds(arm: str, place: int, several: bool, seeds: int, central_seeds: int) -> int:
    """How many seeds an arm gets at the bit width of this place in the list."""
    if arm in CENTRAL:
        return max(seeds, central_seeds) if several else 1
    if place:
        return 0
    return 1 if arm in TRIED else seeds


def ablate(
    store: Store, specs: list[dict[str, Any]], see: Callable[[Event], None]
) -> tuple[Run, list[Run]]:
    """Runs what is missing in this process; returns the ablation's own run and its arms."""
    arms = work_all(store, specs, lambda spec: spec["arm"], "ablate", see)
    first = specs[0]
    run_id = store.runs.add_made(
        ABLATE,
        {"model": first["model"], "preset": first["preset"], "recipe": BASE},
        AblationResult(rows=table_rows(arms), arms=[run.id for run in arms]).as_row(),
        arm_curves(store, arms),
    )
    return store.runs.get(run_id), arms


def arm_curves(store: Store, arms: Sequence[Run]) -> list[Event]:
    """The output error over the steps of every trained arm, its first seed; layer names the arm."""
    curves: list[Event] = []
    for run in arms:
        arm, _, seed = run.spec["arm"].rpartition(", seed ")
        if seed == "0":
            curves += [
                Scalar(name="output", layer=arm, value=event.value, step=event.step)
                for event in store.records.events(run.id, "Scalar")
                if isinstance(event, Scalar) and event.name == "output"
            ]
    return curves


def table_rows(arms: Sequence[Run]) -> list[ArmRow]:
    """One row per bit width and arm: medians over seeds of held-out medians, and their range.

    A ratio's whole is the first arm's error (round-to-nearest, static) at the same bits.
    """
    grouped: dict[tuple[str, str], list[Run]] = {}
    for run in arms:
        arm, bits, _seed = run.spec["arm"].rsplit(", ", 2)
        grouped.setdefault((bits, arm), []).append(run)
    order = list(ARMS)
    rows: list[ArmRow] = []
    for (bits, arm), runs in sorted(
        grouped.items(), key=lambda g: (_bits_order(g[0][0]), order.index(g[0][1]))
    ):
        base = next((r for r in rows if r.bits == bits), None)
        rows.append(ArmRow(bits=bits, arm=arm, seeds=len(runs), **_figures(runs, base)))
    return rows


def _bits_order(name: str) -> tuple[int, int]:
    """W4A8 first, then fewer bits."""
    weight, activation = parse_bits(name)
    return -activation - weight, -weight


def _figures(runs: list[Run], base: ArmRow | None) -> dict[str, Any]:
    results = [run.quantized for run in runs]
    figures: dict[str, Any] = {}
    for name, sign in (("flip", 1.0), ("ssim", -1.0), ("st_lpips", 1.0)):
        scores = [r.measured[name] for r in results if name in r.measured]
        if len(scores) < len(results):
            continue  # arms that were run by an older version
        medians, floors = [s.median or 0.0 for s in scores], [s.floor or 0.0 for s in scores]
        over = [sign * (m - f) for m, f in zip(medians, floors, strict=True)]
        first = getattr(base, f"{name}_over_floor", None)
        whole = first.median if first else statistics.median(over)
        figures[name] = _spread(medians)
        figures[f"{name}_over_floor"] = _spread(over)
        figures[f"{name}_ratio"] = _spread([value / whole for value in over])
    figures["replay"] = _spread([statistics.fmean(r.per_step.replay) for r in results])
    figures["free_run"] = _spread([r.per_step.free_run[-1] for r in results])
    figures["seconds"] = statistics.median(r.seconds for r in results)
    figures["peak_bytes"] = max(r.peak_bytes for r in results)
    trained = [r.training for r in results if r.training]
    figures["samples_per_second"] = (
        statistics.median(t.samples_per_second for t in trained) if trained else None
    )
    figures["frozen"] = statistics.median(len(t.frozen) for t in trained) if trained else None
    return figures


def _spread(values: list[float]) -> Spread:
    return Spread(median=statistics.median(values), low=min(values), high=max(values))
