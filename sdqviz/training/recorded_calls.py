"""The serial phase: walk the sampler, keep the inputs met and the teacher's answers to them.

arXiv 2412.06661 trains on what inference will really visit. Here the current student walks its
own trajectory, and the teacher answers on that same x_t (its targets are exact there). One
memory-mapped file per scene holds the calls, so a buffer larger than the memory costs page
cache, not memory; at any time one scene's calls are held in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from sdqviz.base.scene import Scene
from sdqviz.diffusion.trajectory import walk
from sdqviz.families.conditioning import Conditioning
from sdqviz.families.contract import Model
from sdqviz.families.predictor import predictor

STUDENT, TEACHER, MIX = "student", "teacher", "mix"
SOURCES = (STUDENT, TEACHER, MIX)


@dataclass(frozen=True)
class SceneCalls:
    """One scene's calls: x float32 [S, C, h, w], timesteps float32 [S], targets float32
    [S, b, C, h, w] (the teacher's output for each branch), and its conditioning.
    """

    x: torch.Tensor
    timesteps: torch.Tensor
    targets: torch.Tensor
    conditioning: Conditioning
    guidance: float


def serial_phase(
    model: Model, student: nn.Module, scenes: list[Scene], source: str, folder: Path
) -> Iterator[SceneCalls]:
    """Yields each scene's calls as they are recorded; finds again what `folder` already holds.

    A mix walks every other scene with the teacher.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for index, scene in enumerate(scenes):
        file = folder / f"{index}.safetensors"
        if not file.exists():
            by_teacher = source == TEACHER or (source == MIX and index % 2 == 1)
            tensors = _walk(model, model.network if by_teacher else student, scene)
            partial = file.with_suffix(".partial")
            save_file(tensors, partial)
            partial.rename(file)
        yield SceneCalls(
            **load_file(file),
            conditioning=model.family.condition(model, scene),
            guidance=scene.guidance,
        )


@torch.no_grad()
def _walk(model: Model, network: nn.Module, scene: Scene) -> dict[str, torch.Tensor]:
    family = model.family
    teacher = predictor(model, scene)
    own = network is model.network
    predict = teacher if own else predictor(model, scene, network)
    shape = family.latent_shape(model, scene)
    x, timesteps, targets = [], [], []
    for call in walk(scene, predict, shape, model.scheduler_config):
        branches = len(call.output)
        answer = call.output
        if not own:
            answer = teacher(call.x.expand(branches, *call.x.shape), call.timestep).cpu().float()
        x.append(call.x)
        timesteps.append(call.timestep.to(torch.float32))
        targets.append(answer)
    stacked = {"x": x, "timesteps": timesteps, "targets": targets}
    return {name: torch.stack(parts).contiguous() for name, parts in stacked.items()}
