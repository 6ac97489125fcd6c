"""A fixed tune scene, looked at while the student learns: block errors and the picture."""

import io
from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image
from torch import nn

from sdqviz.base.events import Event, Preview, Scalar
from sdqviz.base.scene import Scene
from sdqviz.diffusion.timesteps import as_taken
from sdqviz.families.conditioning import collate
from sdqviz.families.encoding import conditioning_of
from sdqviz.metrics.contract import metrics
from sdqviz.products.context import Context
from sdqviz.products.scenes import TuneScenes
from sdqviz.products.trajectories import recording_scene, recording_teacher, teacher_trajectory
from sdqviz.training.losses import BRANCHES, Sample, training_loss

TEACHER, STUDENT = "teacher", "student"  # whose picture of the tune scene a Preview is
LOOKED = "tune_output"  # the curve of the tune scene's output error
LOOKS = 6  # timesteps of the tune trajectory at which the blocks are compared


def watch(
    context: Context,
    student: nn.Module,
    blocks: list[str],
    step: int,
    autocast: torch.dtype | None = None,
) -> Iterator[Event | int]:
    """Replay error per block ("replay", one Scalar each), and the pair's picture and scores. The
    student computes under `autocast`, as it is trained. Numbers tell how many network calls of the
    first scene's picture are made by the student.
    """
    model, made = context.model, 0
    for index, scene in enumerate(context.take(TuneScenes).scenes):
        for _ in recording_teacher(context, scene):
            yield made
        teacher = teacher_trajectory(context, scene)
        branches = teacher.branches
        count = len(teacher.x)
        chosen = sorted({round(i * (count - 1) / (LOOKS - 1)) for i in range(LOOKS)})
        condition = conditioning_of(model, scene)
        rows = [(call, branch) for call in chosen for branch in range(branches)]
        calls = [call for call, _ in rows]
        sample = Sample(
            x=teacher.x[calls].to(model.device),
            timesteps=as_taken(teacher.timesteps[calls]).to(model.device),
            target=torch.stack([teacher.outputs[c, b] for c, b in rows]).to(model.device),
            guidance=torch.full((len(rows),), scene.guidance, device=model.device),
            weight=torch.ones(len(rows), device=model.device),
            branches=branches,
            conditioning=collate([condition] * len(rows), [b for _, b in rows]),
        )
        with torch.no_grad():
            losses = training_loss(
                *(model.network, student, sample),
                blocks=blocks,
                inter_layer=1.0,
                target=BRANCHES,
                autocast=autocast,
            )
        yield Scalar(name=LOOKED, value=losses.output, step=step)
        for block, value in losses.blocks.items():
            yield Scalar(name="replay", layer=block, value=value, step=step)
        if index == 0:
            yield from _picture(context, scene, student, step, autocast)
            made = count


def _picture(
    context: Context,
    scene: Scene,
    student: nn.Module,
    step: int,
    autocast: torch.dtype | None,
) -> Iterator[Event | int]:
    """The tune scene as the student draws it now, and its scores against the teacher's."""
    model = context.model
    reference = model.family.decode(model, teacher_trajectory(context, scene).latents[-1])
    drawn = yield from recording_scene(context, scene, student, autocast=autocast)
    drawn = model.family.decode(model, drawn.latents[-1])
    if step == 0:
        yield Preview(name=TEACHER, step=0, blob=_png(context, reference))
    yield Preview(name=STUDENT, step=step, blob=_png(context, drawn))
    for name in ("flip", "ssim"):
        yield Scalar(name=f"tune_{name}", value=metrics()[name].score(reference, drawn), step=step)


def _png(context: Context, picture: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return context.products.blob(buffer.getvalue(), "png")
