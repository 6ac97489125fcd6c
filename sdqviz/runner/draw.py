"""Work the runs that draw given scenes: with a finished run's models, or with a folder's."""

from typing import Any

from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.base.keys import content_key
from sdqviz.base.scene import Scene
from sdqviz.families import sources
from sdqviz.families.kinship import refuse_foreign
from sdqviz.layers.variants import partly_quantized, served_by
from sdqviz.measure.layer_facts import engine_report
from sdqviz.products.context import Context
from sdqviz.products.scenes import HeldOutScenes
from sdqviz.products.students import Student
from sdqviz.runner.models import Loaded, ModelCache
from sdqviz.runner.preflight import refuse_quantized, refuse_scenes
from sdqviz.runner.stages import StageRunner
from sdqviz.stages.evaluate import EvaluateStage


def generate(runner: StageRunner, models: ModelCache) -> dict[str, Any]:
    """One scene under both models of a finished quantize run, or with a part of the second."""
    spec, store = runner.run.spec, runner.store
    base = store.runs.get(spec["run"])
    model = base.quantized_model
    if model is None:
        raise SdqvizError(f"run {base.id} is {base.state}", "generate with a finished run")
    loaded = runner.load(models, base.spec)
    student, key = models.student(loaded, store.blobs.file(model.packed)), model.packed
    if spec.get("only"):
        student = partly_quantized(loaded.model.network, student, spec["only"])
        key = content_key(model.packed, spec["only"])
    if spec.get("engine"):
        student = served_by(student, spec["engine"])
    scenes = [Scene.from_dict(spec["scene"])]
    evaluate = EvaluateStage.of(base.spec["config"])
    drawn = _drawn(runner, loaded, student, key, scenes, evaluate)
    return {**drawn, "model": base.spec["model"], "run": base.id}


def compare(runner: StageRunner, models: ModelCache) -> dict[str, Any]:
    """Scenes under an FP model and under a quantized folder that was made from it."""
    spec = runner.run.spec
    sources.packed_folder(spec["other"])
    refuse_quantized(spec["model"], spec.get("model_config"))
    loaded = runner.load(models, spec)
    other = runner.load(models, {**spec, "model": spec["other"], "model_config": None})
    refuse_foreign(other.model, spec["other"], loaded.model, spec["model"])
    scenes = [Scene.from_dict(scene) for scene in spec["scenes"]]
    student = other.model.network
    drawn = _drawn(runner, loaded, student, other.key, scenes, EvaluateStage.of(spec))
    return {**drawn, "model": spec["model"]}


def _drawn(
    runner: StageRunner,
    loaded: Loaded,
    student: nn.Module,
    key: str,
    scenes: list[Scene],
    evaluate: EvaluateStage,
) -> dict[str, Any]:
    refuse_scenes(loaded.model, scenes, student)
    context = Context(
        model=loaded.model,
        model_key=loaded.key,
        products=runner.products(),
    )
    context.give(HeldOutScenes(tuple(scenes)))
    context.give(Student(student), key)
    runner.work(context, [evaluate])
    return {**context.result, "engine": engine_report(student)}
