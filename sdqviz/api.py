"""The Python API: the same functions, arguments and results as the command line."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sdqviz.base.counts import MOST_COMPARED_SCENES, MOST_COMPARED_SEEDS, check_count
from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Event
from sdqviz.base.places import place, refuse_occupied, writing
from sdqviz.base.request import (
    COMPARE,
    DEFAULT_RECIPE,
    FLOAT32,
    GENERATE,
    QUANTIZE,
    SCORE,
    check_dtype,
    compare_request,
    generate_request,
    quantize_request,
    score_request,
)
from sdqviz.base.scene import OWN, Scene
from sdqviz.base.settings import home_folder, rank
from sdqviz.families import loading, sources
from sdqviz.families.contract import sampler_of
from sdqviz.families.devices import check_device
from sdqviz.families.saving import save_quantized
from sdqviz.layers.checkpoint import read_config
from sdqviz.layers.convert import set_resident
from sdqviz.layers.served_weight import EXPANDED
from sdqviz.metrics.lpips import BACKBONES
from sdqviz.population.compare import MOST_SCENES, compare_scenes, scenes_of
from sdqviz.population.draw import Models
from sdqviz.products.scenes import HELD_OUT
from sdqviz.publish.card import model_card
from sdqviz.results.drawn import CompareResult
from sdqviz.results.score import ScoreResult
from sdqviz.runner import prompts
from sdqviz.runner.afford import afford
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.here import work_here
from sdqviz.runner.machine import processor
from sdqviz.runner.preflight import refuse_quantized, refuse_undrawable
from sdqviz.runner.prompt_files import all_prompts, with_prompts
from sdqviz.runner.reports import compare_json, run_json
from sdqviz.store.runs import Run
from sdqviz.store.store import Store
from sdqviz.studies import ablate as ablate
from sdqviz.studies import ladder as ladder
from sdqviz.studies import leaderboard as leaderboard
from sdqviz.studies import table as table
from sdqviz.views.charts.svg import standalone
from sdqviz.views.tables.bench import bench_plot, bench_table

See = Callable[[Event], None]


def open_store() -> Store:
    return Store(home_folder())


def load(
    name: str,
    config: str | None = None,
    device: str = "cpu",
    dtype: str = FLOAT32,
    resident: str = EXPANDED,
) -> Any:
    """The diffusers pipeline of a model: a mini, a folder (packed too), a file or a hub id.

    resident: of a packed network, "packed" keeps its 4-bit codes alone in memory and expands them
    where no engine reads them; "expanded" keeps int8 weights beside them, which is faster;
    "fastest" on a GPU computes a layer in dtype, not in integers, where that was measured to be
    faster: its pictures are not those that were scored.
    """
    model = loading.load(name, config, device, dtype)
    set_resident(model.network, resident)
    return model.pipeline


def quantize(
    model: str,
    *,
    recipe: str = DEFAULT_RECIPE,
    preset: str = "quick",
    config: dict[str, Any] | None = None,
    model_config: str | None = None,
    device: str = "cpu",
    dtype: str = FLOAT32,
    prompts_file: str | Path | None = None,
    out: str | Path | None = None,
    force: bool = False,
    see: See = lambda event: None,
) -> dict[str, Any]:
    """Quantizes a model and returns {run, state, out, seconds, peak_bytes, device_peak_bytes,
    bytes, fp_bytes, estimate}.

    config overrides the preset's values. prompts_file has prompts, one a line or as JSON, instead
    of the model's usual ones (see `runner.prompt_files`). out, if given, gets a diffusers folder
    with the packed network. dtype is the FP model's: float32, float16 or bfloat16. force goes on
    where the estimate says that memory or disk do not suffice. bytes are the packed network's,
    fp_bytes the FP network's in float32; estimate: {seconds, timed, memory_bytes, device_bytes,
    disk_bytes, out_bytes}, what was expected.
    """
    store = open_store()
    spec = quantize_request(
        static_catalog(), model, recipe, preset, config, model_config, device, dtype
    )
    spec = with_prompts(spec, prompts_file)
    check_device(device)
    if out is not None:
        refuse_occupied(Path(out), "--out folder")
    refuse_undrawable(spec)
    cost = afford(store, spec, see, None if out is None else Path(out), force)
    report = finish_quantize(store, store.runs.add(QUANTIZE, spec), out, see)
    return {**report, "estimate": cost.as_row()}


def finish_quantize(store: Store, run_id: str, out: str | Path | None, see: See) -> dict[str, Any]:
    """Works a queued quantize run in this process, then writes `out`."""
    run = work_here(store, run_id, see)
    report = {**run_json(run), "out": None}
    if out is not None and rank() == 0:
        report["out"] = str(write_model(store, run, Path(out)))
    return report


def write_model(store: Store, run: Run, out: Path) -> Path:
    """Writes a finished quantize run as a diffusers folder."""
    if run.quantized_model is None:
        raise SdqvizError(f"run {run.id} is {run.state}", "export a finished quantize run")
    name, config = run.spec["model"], run.spec.get("model_config")
    packed = store.blobs.file(run.quantized_model.packed)
    return save_quantized(
        sources.find(name, config),
        packed,
        read_config(packed),
        model_card(run),
        out,
    )


def bench_step(
    size: str = "mini",
    *,
    engines: Sequence[str] = (),
    rounds: int = 5,
    latent_side: int | None = None,
    plot: str | Path | None = None,
    see: See = lambda event: None,
) -> dict[str, Any]:
    """Times one step of each contender: {machine, size, latent_side, rounds, rows, table}.

    A row: {contender, label, median_s, min_s, max_s, peak_bytes, note}. plot: an SVG file.
    """
    from sdqviz.bench import step

    rows = step.bench_step(size, engines, rounds, latent_side, see)
    if plot is not None:
        with writing(Path(plot)):
            Path(plot).write_text(standalone(bench_plot(rows)), encoding="utf-8")
    return {
        "machine": processor(),
        "size": size,
        "latent_side": latent_side,
        "rounds": rounds,
        "rows": rows,
        "table": bench_table(rows),
    }


def generate(
    run: str,
    scene: Scene,
    see: See = lambda event: None,
    *,
    only: str = "",
    engine: str = "",
) -> dict[str, Any]:
    """One scene under both models of a finished quantize run: the result of the run that drew it,
    with its id as `run`.

    With `only` just one part of the quantized model is quantized: "weights", "activations", or a
    layer's name. `engine` names the one that computes it; empty takes the best that serves.
    """
    store = open_store()
    base = store.runs.get(run)
    request = generate_request(base.id, scene, only, engine)
    finished = work_here(store, store.runs.add(GENERATE, request), see)
    return {**(finished.result or {}), "run": finished.id}  # its own "run" is the quantize run


def compare(
    model: str,
    other: str,
    *,
    prompts_file: str | Path | None = None,
    seeds: int = 1,
    steps: int = 25,
    scheduler: str = "auto",
    spacing: str = OWN,
    guidance: float = 0.0,
    model_config: str | None = None,
    device: str = "cpu",
    dtype: str = FLOAT32,
    lpips_net: str = "alex",
    see: See = lambda event: None,
) -> dict[str, Any]:
    """Compares a packed folder with its FP model on held-out prompts (or a file of them).

    Returns {engine, arithmetic, scenes, metrics, unavailable, per_step}; see
    COMMANDS.md for the keys.
    """
    texts = _held_out(model, model_config) if prompts_file is None else all_prompts(prompts_file)
    check_count("seeds", seeds, 1, MOST_COMPARED_SEEDS)
    check_count("prompts times seeds", len(texts) * seeds, 1, MOST_COMPARED_SCENES)
    check_device(device)
    refuse_quantized(model, model_config)
    family = loading.family_named(model, model_config)
    scheduler = sampler_of(family, scheduler, loading.own_scheduler(model, model_config))
    scenes = [
        Scene(
            prompt=text,
            seed=seed,
            steps=steps,
            scheduler=scheduler,
            spacing=spacing,
            guidance=guidance or prompts.usual_guidance(model, family, model_config),
        )
        for text in texts
        for seed in range(seeds)
    ]
    if lpips_net not in BACKBONES:
        raise SdqvizError(f"unknown net {lpips_net!r}", f"there is {', '.join(BACKBONES)}")
    store = open_store()
    spec = compare_request(
        model,
        str(sources.packed_folder(other)),
        scenes,
        model_config=model_config,
        device=device,
        dtype=dtype,
        lpips_net=lpips_net,
    )
    run = work_here(store, store.runs.add(COMPARE, spec), see)
    assert isinstance(run.outcome, CompareResult)
    return compare_json(run.outcome, lpips_net)


def compare_many(
    model: str,
    other: str,
    prompts_file: str | Path,
    count: int,
    out: str | Path,
    *,
    steps: int = 25,
    scheduler: str = "auto",
    spacing: str = OWN,
    guidance: float = 0.0,
    model_config: str | None = None,
    devices: Sequence[str] = ("cpu",),
    dtype: str = FLOAT32,
    lpips_net: str = "alex",
    see: See = lambda event: None,
) -> dict[str, Any]:
    """Compares a packed folder with its FP model on `count` scenes as papers do, final pictures
    alone: FID and sFID to the FP model's pictures, CLIP score, paired medians. Pictures lie in
    `out`; the same call goes on after a stop. Each of `devices` draws its share.

    Returns {count, out, metrics, sets, refused, unavailable}; see COMMANDS.md for the keys.
    """
    texts = all_prompts(prompts_file)
    for device in devices:
        check_device(device)
    check_count("count", count, 2, MOST_SCENES)
    if len(set(devices)) != len(devices) or not all(devices):
        raise SdqvizError(f"device is {','.join(devices)!r}", "name each once: cuda:0,cuda:1")
    if lpips_net not in BACKBONES:
        raise SdqvizError(f"unknown net {lpips_net!r}", f"there is {', '.join(BACKBONES)}")
    refuse_quantized(model, model_config)
    family = loading.family_named(model, model_config)
    scenes = scenes_of(
        texts,
        count,
        steps=steps,
        scheduler=sampler_of(family, scheduler, loading.own_scheduler(model, model_config)),
        spacing=spacing,
        guidance=guidance or prompts.usual_guidance(model, family, model_config),
    )
    packed = str(sources.packed_folder(other))
    models = Models(model, packed, model_config, check_dtype(dtype))
    return compare_scenes(models, scenes, place(out), devices, lpips_net, see)


def score(run: str, fetch: str = "", see: See = lambda event: None) -> dict[str, Any]:
    """Scores a finished run by the metrics that came since: {run, scored, metrics}. `fetch` names
    an LPIPS backbone (alex, squeeze, vgg) to download first.
    """
    if fetch and fetch not in BACKBONES:
        raise SdqvizError(f"unknown net {fetch!r}", f"there is {', '.join(BACKBONES)}")
    store = open_store()
    base = store.runs.get(run)
    worked = work_here(store, store.runs.add(SCORE, score_request(base.id, fetch)), see).outcome
    assert isinstance(worked, ScoreResult)
    found = store.runs.get(base.id).evaluation.metrics
    scores = {name: metric.as_row() for name, metric in found.items()}
    return {"run": base.id, "scored": list(worked.scored), "metrics": scores}


def _held_out(model: str, model_config: str | None) -> list[str]:
    return prompts.prompts(prompts.prompt_set(model, model_config), HELD_OUT)[:4]
