"""A finished run scored by the metrics that came since, from its own pictures."""

import io
from typing import Any

import numpy as np
from PIL import Image

from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Log, Progress
from sdqviz.base.request import COMPARE, QUANTIZE
from sdqviz.base.scene import Scene
from sdqviz.measure.evaluated_scene import rounded_picture
from sdqviz.metrics.contract import Metric, available, can_judge, map_all, summarise
from sdqviz.metrics.lpips import BACKBONES
from sdqviz.products.context import Context
from sdqviz.runner.fetch import fetch_metrics
from sdqviz.runner.models import ModelCache
from sdqviz.runner.stages import StageRunner
from sdqviz.store.runs import Run
from sdqviz.store.store import Store


def rescore(runner: StageRunner, models: ModelCache) -> dict[str, Any]:
    """Adds the missing scores and maps to the result of the run that the spec names, once all its
    scenes are scored: {run, scored}, the names of the metrics that were added.
    """
    store, run = runner.store, runner.run
    base = store.runs.get(run.spec["run"])
    result = base.result or {}
    if base.kind not in (QUANTIZE, COMPARE):
        raise SdqvizError(f"run {base.id} is a {base.kind} run", "score a quantize or compare run")
    if not result.get("scenes"):
        raise SdqvizError(f"run {base.id} is {base.state}", "score a finished run with scenes")
    net = run.spec.get("fetch") or base.spec.get("config", base.spec).get("lpips_net", "")
    if run.spec.get("fetch"):
        runner.keep(Log(message=f"downloading the LPIPS backbone {net}, {BACKBONES[net][2]}"))
        fetch_metrics(net)
    wanted = {n: m for n, m in available(net).items() if not _has(result, n, m)}
    total = len(result["scenes"])
    rows = []
    for index, row in enumerate(result["scenes"]):
        runner.note("score", index / total)
        runner.keep(Progress(stage="score", done=index, total=total))
        rows.append(_scored(runner, base, row, models, wanted))
    columns = [[row[of] for row in rows] for of in ("metrics", "floor", "ceiling")]
    scored = {**result, "scenes": rows, "metrics": summarise(*columns, net)}
    store.runs.set_result(base.id, scored, worker=(run.id, run.attempt))
    added = [name for name in wanted if all(name in row["metrics"] for row in rows)]
    return {"run": base.id, "scored": added}


def _has(result: dict[str, Any], name: str, metric: Metric) -> bool:
    known = result["metrics"].get(name, {"median": None})
    return known["median"] is not None and known["settings"] == metric.settings


def _scored(
    runner: StageRunner,
    base: Run,
    row: dict[str, Any],
    models: ModelCache,
    wanted: dict[str, Metric],
) -> dict[str, Any]:
    """The scene's row with what was missing."""
    store, images = runner.store, dict(row["images"])
    if "rounded" not in images and wanted:  # of an older version: drawn now
        scene = Scene.from_dict(row["scene"])
        images["rounded"] = _put(store, _rounded(runner, base, models, scene))
    fp, student, rounded, other_seed = (
        _read(store, images[who]) if who in images else None
        for who in ("fp", "student", "rounded", "other_seed")
    )
    assert fp is not None and student is not None
    for name, drawn in map_all(fp, student).items():
        if name not in images:
            images[name] = _put(store, drawn)
    added: dict[str, Any] = {}
    for column, picture in (("metrics", student), ("floor", rounded), ("ceiling", other_seed)):
        measured = {n: value for n, value in row[column].items() if value is not None}
        if picture is None:
            added[column] = measured  # of the floor, where nothing is wanted
            continue
        judges = {n: m for n, m in wanted.items() if can_judge(m, fp)}
        added[column] = {**measured, **{n: m.score(fp, picture) for n, m in judges.items()}}
    return {**row, **added, "images": images}


def _rounded(runner: StageRunner, base: Run, models: ModelCache, scene: Scene) -> np.ndarray:
    loaded = models.of(base.spec)
    return rounded_picture(Context(loaded.model, loaded.key, runner.products()), scene)


def _read(store: Store, blob: str) -> np.ndarray:
    with Image.open(io.BytesIO(store.blobs.get(blob))) as picture:
        return np.asarray(picture.convert("RGB"))


def _put(store: Store, picture: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return store.blobs.put(buffer.getvalue(), "png")
