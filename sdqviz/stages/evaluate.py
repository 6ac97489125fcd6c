"""Held-out scenes under both models: pictures, scores between floor and ceiling, step errors."""

import json
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sdqviz.base.config import option
from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Event, Progress, Scalar
from sdqviz.base.scene import Scene
from sdqviz.base.steps import Steps
from sdqviz.measure.evaluated_scene import evaluated_scene
from sdqviz.measure.layer_facts import engine_report
from sdqviz.measure.layer_inputs import layer_inputs
from sdqviz.metrics.contract import available, summarise
from sdqviz.products.context import Context
from sdqviz.products.ranges import Ranges
from sdqviz.products.scenes import (
    CALIBRATE,
    CalibrationScenes,
    HeldOutScenes,
    Sampler,
    TuneScenes,
)
from sdqviz.products.students import Student
from sdqviz.products.trajectories import (
    calls_per_scene,
)
from sdqviz.stages.contract import Needs, Stage

# Work for each of a scene's calls, in calls of the FP network. Student free run and replay, noise
# floor, other seed: 4 trajectories, the student's two about three times as slow on the reference
# engine. For the layers of one scene: FP, each quantized layer alone, the student.
_SCENE, _LAYERS = 8, 7


@dataclass(frozen=True, kw_only=True)
class EvaluateStage(Stage):
    name = "evaluate"
    label = "comparing on held-out scenes"
    version = 6  # of a float16 model the noise floor is bfloat16's too
    reads = (HeldOutScenes, Student)
    may_read = (CalibrationScenes, TuneScenes, Sampler, Ranges)
    needs = Needs(
        network_calls=f"{_SCENE} * calls * held_out_scenes + {_LAYERS} * calls",
        disk_bytes="held_out_scenes * 768 * side ** 2",  # four pictures
    )

    lpips_net: str = option(
        "alex",
        label="LPIPS backbone",
        help="Which network LPIPS compares with; numbers of two are not comparable.",
        choices=("alex", "squeeze", "vgg"),
    )

    def _cost(self, context: Context) -> float:
        if not context.has(HeldOutScenes):
            return 1.0
        scenes = context.take(HeldOutScenes).scenes
        costs = [_SCENE * calls_per_scene(scene) for scene in scenes]
        return float(sum(costs) + _LAYERS * calls_per_scene(scenes[0]) * context.has(Ranges))

    def _run(self, context: Context) -> Iterator[Event]:
        scenes = context.take(HeldOutScenes).scenes
        _refuse_seen(context)
        total, done = int(self._cost(context)), 0
        yield Progress(stage=self.name, done=done, total=total)
        rows = []
        for index, scene in enumerate(scenes):
            units = _SCENE * calls_per_scene(scene)
            place = f"scene {index + 1} of {len(scenes)}"
            row = yield from self.told(self._scene(context, scene), done, units, total, place)
            rows.append(row)
            for name, value in row["metrics"].items():
                yield Scalar(name=name, value=value, step=index)
            done += units
            yield Progress(stage=self.name, done=done, total=total)
        context.result.update(summary(rows, self.lpips_net))
        if context.has(Ranges):
            for calls in self._layers(context, scenes[0]):
                reached = done + _LAYERS * calls
                yield Progress(stage=self.name, done=reached, total=total, place="layer by layer")
            yield Progress(stage=self.name, done=total, total=total)

    def _layers(self, context: Context, scene: Scene) -> Iterator[int]:
        """Puts the blob of both models' layers on a held-out scene into the result; yields how
        many of its calls are done.
        """
        student = context.take(Student).network
        engines = engine_report(student)["layers"]
        key = context.item_key("layers", scene.as_dict(), engines, of=(Student, Ranges))
        if context.products.find(key) is None:
            shown = context.products.file(context.take(Ranges).histograms_key).read_bytes()
            data = yield from layer_inputs(context, student, scene, shown)
            context.products.product(key, "npz", lambda: data)
        context.result["layer_pairs"] = context.products.find(key)

    def _scene(self, context: Context, scene: Scene) -> Steps[dict[str, Any]]:
        """One scene under both models, from the store if it was evaluated before. Yields how much
        of its work is done, of `_SCENE` for each call.
        """
        # A metric that becomes available later is scored then, not remembered as missing.
        scored = [metric.settings for metric in available(self.lpips_net).values()]
        student = context.take(Student).network
        engines = engine_report(student)["layers"]
        key = context.item_key(scene.as_dict(), scored, engines, of=(Student,))
        if context.products.find(key) is None:
            row = yield from evaluated_scene(context, student, scene, self.lpips_net)
            context.products.product(key, "json", lambda: json.dumps(row).encode())
        return json.loads(context.products.file(key).read_bytes())


def _refuse_seen(context: Context) -> None:
    """Raises SdqvizError where a scene's prompt was calibrated on, trained on or watched."""
    seen: dict[str, str] = {}
    if context.has(Sampler):
        trained = context.take(Sampler).source.prompts(CALIBRATE)
        seen |= dict.fromkeys(trained, "is among those that training draws from")
    if context.has(TuneScenes):
        watched = (scene.prompt for scene in context.take(TuneScenes).scenes)
        seen |= dict.fromkeys(watched, "was watched while training")
    if context.has(CalibrationScenes):
        calibrated = (scene.prompt for scene in context.take(CalibrationScenes).scenes)
        seen |= dict.fromkeys(calibrated, "was calibrated on")
    for scene in context.take(HeldOutScenes).scenes:
        if scene.prompt in seen:
            raise SdqvizError(f"scene {scene.id} {seen[scene.prompt]}", "evaluate on other prompts")


def summary(rows: list[dict[str, Any]], lpips_net: str = "") -> dict[str, Any]:
    """Medians over scenes, of the scores and of the errors at each step."""

    def over_scenes(name: str) -> list[float]:
        curves = [row[name] for row in rows]
        if len({len(curve) for curve in curves}) != 1:
            return []  # scenes of different lengths have no common steps
        return [statistics.median(values) for values in zip(*curves, strict=True)]

    return {
        "scenes": rows,
        "metrics": summarise(
            [row["metrics"] for row in rows],
            [row["floor"] for row in rows],
            [row["ceiling"] for row in rows],
            lpips_net,
        ),
        "per_step": {"replay": over_scenes("replay"), "free_run": over_scenes("free_run")},
        "timesteps": rows[0]["timesteps"] if rows else [],
        "step_seconds": {
            who: statistics.median(row["step_seconds"][who] for row in rows)
            for who in ("fp", "student")
        }
        if rows
        else {},
    }
