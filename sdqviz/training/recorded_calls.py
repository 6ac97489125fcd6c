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
from sdqviz.diffusion.trajectory import RecordedCalls, walk
from sdqviz.families.conditioning import Conditioning
from sdqviz.families.contract import Model
from sdqviz.families.predictor import predictor

STUDENT, TEACHER, MIX = "student", "teacher", "mix"
SOURCES = (STUDENT, TEACHER, MIX)


@dataclass(frozen=True)
class ConditionedCalls:
    """One scene's recorded calls with its conditioning: what a mini-batch is drawn from. The
    calls' outputs are the teacher's, for each branch: the targets.
    """

    calls: RecordedCalls
    conditioning: Conditioning
    guidance: float

    @staticmethod
    def of(model: Model, scene: Scene, calls: RecordedCalls) -> "ConditionedCalls":
        return ConditionedCalls(calls, model.family.condition(model, scene), scene.guidance)


def serial_phase(
    model: Model, student: nn.Module, scenes: list[Scene], source: str, folder: Path
) -> Iterator[ConditionedCalls]:
    """Yields each scene's calls as they are recorded; finds again what `folder` already holds.

    A mix walks every other scene with the teacher.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for index, scene in enumerate(scenes):
        file = folder / f"{index}.safetensors"
        if not file.exists():
            by_teacher = source == TEACHER or (source == MIX and index % 2 == 1)
            calls = _walk(model, model.network if by_teacher else student, scene)
            partial = file.with_suffix(".partial")
            save_file(calls.tensors(), partial)
            partial.rename(file)
        yield ConditionedCalls.of(model, scene, RecordedCalls(**load_file(file)))


@torch.no_grad()
def _walk(model: Model, network: nn.Module, scene: Scene) -> RecordedCalls:
    family = model.family
    teacher = predictor(model, scene)
    own = network is model.network
    predict = teacher if own else predictor(model, scene, network)
    shape = family.latent_shape(model, scene)
    x, timesteps, outputs = [], [], []
    for call in walk(scene, predict, shape, model.scheduler_config):
        answer = call.output if own else teacher(call.x[None], call.timestep).cpu().float()
        x.append(call.x)
        timesteps.append(call.timestep.to(torch.float32))
        outputs.append(answer)
    return RecordedCalls(torch.stack(x), torch.stack(timesteps), torch.stack(outputs))
