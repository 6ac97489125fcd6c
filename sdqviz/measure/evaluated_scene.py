"""One held-out scene under both models: pictures, scores, errors at each call, seconds."""

import hashlib
import io
import statistics
import time
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

from sdqviz.base.scene import MAX_SEED, Scene
from sdqviz.base.steps import Steps, weighed
from sdqviz.diffusion.timesteps import as_taken
from sdqviz.diffusion.trajectory import Trajectory
from sdqviz.families.predictor import predictor
from sdqviz.layers.ranges import ActivationRanges
from sdqviz.measure.previews import previews
from sdqviz.metrics.contract import map_all, score_all
from sdqviz.metrics.steps import free_run_errors, replay_errors
from sdqviz.products.context import Context
from sdqviz.products.trajectories import (
    calls_per_scene,
    recording_rounded,
    recording_scene,
    recording_teacher,
    rounded_trajectory,
    teacher_trajectory,
)


def evaluated_scene(
    context: Context, student: nn.Module, scene: Scene, lpips_net: str
) -> Steps[dict[str, Any]]:
    """The row of one scene in a result (`results.scene.SceneRow`), its pictures kept as blobs.

    student: the packed network. Seconds are measured now. Yields how much of the work is done: 8
    for each call of the scene, 3 of them for each of the student's two.
    """
    model, calls = context.model, calls_per_scene(scene)
    teacher = teacher_trajectory(context, scene)
    steered = yield from weighed(recording_scene(context, scene, student), 0, 3)
    before = _misses(student)
    replaying = replay_errors(teacher, predictor(model, scene, student))
    replayed = yield from weighed(replaying, 3 * calls, 3)
    missed = [now - then for now, then in zip(_misses(student), before, strict=True)]

    def picture(latents: torch.Tensor) -> np.ndarray:
        return model.family.decode(model, latents)

    reference, quantized = picture(teacher.latents[-1]), picture(steered.latents[-1])
    yield from weighed(recording_rounded(context, scene), 6 * calls, 1)
    rounded = rounded_picture(context, scene)
    other = replace(scene, seed=(scene.seed + 1) % (MAX_SEED + 1))
    yield from weighed(recording_teacher(context, other), 7 * calls, 1)
    reseeded = picture(teacher_trajectory(context, other).latents[-1])
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
        "max_difference": _largest_difference(reference, quantized),
        "step_seconds": _step_seconds(context, student, scene),
        "images": _kept(
            context,
            {"fp": reference, "student": quantized, "other_seed": reseeded, "rounded": rounded}
            | map_all(reference, quantized),
        ),
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


def _largest_difference(one: np.ndarray, other: np.ndarray) -> int:
    """Of any colour of any pixel of two uint8 pictures."""
    return int(np.abs(one.astype(np.int16) - other.astype(np.int16)).max())


def _kept(context: Context, pictures: dict[str, np.ndarray]) -> dict[str, str]:
    """Name -> blob of each picture as PNG."""
    blobs = {}
    for name, picture in pictures.items():
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "PNG")
        blobs[name] = context.products.blob(buffer.getvalue(), "png")
    return blobs
