"""Held-out scenes under both models: pictures, scores between floor and ceiling, step errors."""

import hashlib
import io
import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

from sdqviz.base.config import option
from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Event, Progress, Scalar
from sdqviz.base.scene import MAX_SEED, Scene
from sdqviz.diffusion.timesteps import as_taken
from sdqviz.diffusion.trajectory import Trajectory
from sdqviz.families.predictor import predictor
from sdqviz.layers.ranges import ActivationRanges
from sdqviz.measure.layer_facts import engine_report
from sdqviz.measure.layer_inputs import layer_inputs
from sdqviz.measure.previews import previews
from sdqviz.metrics.contract import available, map_all, score_all, summarise
from sdqviz.metrics.steps import free_run_errors, replay_errors
from sdqviz.products.context import Context
from sdqviz.products.ranges import Ranges
from sdqviz.products.scenes import CalibrationScenes, HeldOutScenes
from sdqviz.products.students import Student
from sdqviz.products.trajectories import (
    calls_per_scene,
    record_scene,
    rounded_trajectory,
    teacher_trajectory,
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
    version = 5
    reads = (HeldOutScenes, Student)
    may_read = (CalibrationScenes, Ranges)
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
        _refuse_calibrated(context)
        total, done = int(self._cost(context)), 0
        yield Progress(stage=self.name, done=done, total=total)
        rows = []
        for index, scene in enumerate(scenes):
            row = self._scene(context, scene)
            rows.append(row)
            for name, value in row["metrics"].items():
                yield Scalar(name=name, value=value, step=index)
            done += _SCENE * calls_per_scene(scene)
            yield Progress(stage=self.name, done=done, total=total)
        context.result.update(summary(rows, self.lpips_net))
        if context.has(Ranges):
            for calls in self._layers(context, scenes[0]):
                yield Progress(stage=self.name, done=done + _LAYERS * calls, total=total)
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

    def _scene(self, context: Context, scene: Scene) -> dict[str, Any]:
        """One scene under both models, from the store if it was evaluated before."""
        # A metric that becomes available later is scored then, not remembered as missing.
        scored = [metric.settings for metric in available(self.lpips_net).values()]
        engines = engine_report(context.take(Student).network)["layers"]
        key = context.item_key(scene.as_dict(), scored, engines, of=(Student,))
        data = context.products.product(
            key, "json", lambda: json.dumps(_evaluate(context, scene, self.lpips_net)).encode()
        )
        return json.loads(data)


def _refuse_calibrated(context: Context) -> None:
    if not context.has(CalibrationScenes):
        return
    calibrated = {scene.prompt for scene in context.take(CalibrationScenes).scenes}
    for scene in context.take(HeldOutScenes).scenes:
        if scene.prompt in calibrated:
            raise SdqvizError(f"scene {scene.id} was calibrated on", "evaluate on other prompts")


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


def _evaluate(context: Context, scene: Scene, lpips_net: str) -> dict[str, Any]:
    model, student = context.model, context.take(Student).network
    teacher = teacher_trajectory(context, scene)
    steered = record_scene(context, scene, student)
    before = _misses(student)
    replayed = replay_errors(teacher, predictor(model, scene, student))
    missed = [now - then for now, then in zip(_misses(student), before, strict=True)]

    def picture(latents: torch.Tensor) -> np.ndarray:
        return model.family.decode(model, latents)

    reference, quantized = picture(teacher.latents[-1]), picture(steered.latents[-1])
    rounded = rounded_picture(context, scene)
    other = replace(scene, seed=(scene.seed + 1) % (MAX_SEED + 1))
    reseeded = picture(teacher_trajectory(context, other).latents[-1])
    difference = np.abs(reference.astype(np.int16) - quantized.astype(np.int16))
    return {
        "id": scene.id,
        "scene": scene.as_dict(),
        "prompt": scene.prompt,
        "seed": scene.seed,
        "metrics": score_all(reference, quantized, lpips_net),
        "floor": score_all(reference, rounded, lpips_net),
        "ceiling": score_all(reference, reseeded, lpips_net),
        "replay": replayed,
        "free_run": free_run_errors(teacher, steered),
        "timesteps": teacher.timesteps.tolist(),
        "uncalibrated_calls": max(missed, default=0),
        "truncated": model.family.truncated(model, scene),
        "max_difference": int(difference.max()),
        "step_seconds": _step_seconds(context, student, scene),
        "images": {
            "fp": _png(context, reference),
            "student": _png(context, quantized),
            "other_seed": _png(context, reseeded),
            "rounded": _png(context, rounded),
            **{name: _png(context, m) for name, m in map_all(reference, quantized).items()},
        },
        "previews": previews(context, scene, teacher, steered, reference),
        "noise": {"fp": noise_key(teacher), "student": noise_key(steered)},
    }


def rounded_picture(context: Context, scene: Scene) -> np.ndarray:
    """The noise floor's picture, uint8 [H, W, 3]: the FP model's in another arithmetic."""
    latents = rounded_trajectory(context, scene).latents[-1]
    return context.model.family.decode(context.model, latents)


def noise_key(trajectory: Trajectory) -> str:
    """The first 12 digits of the SHA-256 of the initial latents' float32 bytes."""
    return hashlib.sha256(trajectory.latents[0].contiguous().numpy().tobytes()).hexdigest()[:12]


def _misses(student: Any) -> list[int]:
    """Per layer the calls so far at a timestep without a range of its own."""
    return [m.misses for m in student.modules() if isinstance(m, ActivationRanges)]


def _step_seconds(context: Context, student: nn.Module, scene: Scene) -> dict[str, float]:
    """Median seconds of one network call (all branches), of 3, for both models."""
    model = context.model
    trajectory = teacher_trajectory(context, scene)
    x = trajectory.x[0].expand(trajectory.branches, *trajectory.x[0].shape)
    timestep = as_taken(trajectory.timesteps[0])
    seconds = {}
    with torch.no_grad():
        for who, network in (("fp", None), ("student", student)):
            predict = predictor(model, scene, network)
            predict(x, timestep).cpu()
            times = []
            for _ in range(3):
                start = time.perf_counter()
                predict(x, timestep).cpu()
                times.append(time.perf_counter() - start)
            seconds[who] = statistics.median(times)
    return seconds


def _png(context: Context, picture: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return context.products.blob(buffer.getvalue(), "png")
