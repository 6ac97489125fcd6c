"""The serial phase: walk the sampler, keep the inputs met and the teacher's answers to them.

arXiv 2412.06661 trains on what inference will really visit. Here the current student walks its
own trajectory, and the teacher answers on that same x_t (its targets are exact there). One
memory-mapped file per scene holds the calls, so a buffer larger than the memory costs page
cache, not memory; at any time one scene's calls are held in it.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from sdqviz.base.reading import reading
from sdqviz.base.scene import Scene
from sdqviz.base.writing import clear_partials, own_partial, partial_file
from sdqviz.diffusion.trajectory import RecordedCalls, walk
from sdqviz.families.conditioning import Conditioning
from sdqviz.families.contract import Model
from sdqviz.families.encoding import conditioning_of
from sdqviz.families.predictor import predictor
from sdqviz.layers.tensor_file import write_tensors
from sdqviz.training.processes import Processes

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
        return ConditionedCalls(calls, conditioning_of(model, scene), scene.guidance)


def serial_phase(
    model: Model,
    student: nn.Module,
    scenes: list[Scene],
    source: str,
    folder: Path,
    processes: Processes,
    autocast: torch.dtype | None = None,
) -> Iterator[ConditionedCalls | None]:
    """Yields each scene's calls as they are recorded; finds again what `folder` already holds.

    A mix walks every other scene with the teacher. The student walks under `autocast`. None after
    each network call: a walk can be left there. Of several processes each walks its own scenes,
    then hands their calls out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    clear_partials(folder)
    files = [folder / f"{index}.safetensors" for index in range(len(scenes))]
    shared = processes.count > 1
    for index, (scene, file) in enumerate(zip(scenes, files, strict=True)):
        if processes.owns(index) and not file.exists():
            by_teacher = source == TEACHER or (source == MIX and index % 2 == 1)
            calls = yield from _walk(model, None if by_teacher else student, scene, autocast)
            with partial_file(own_partial(file), file) as partial:
                write_tensors(partial, calls.tensors())
        if not shared:
            yield _calls(model, scene, file)
    if shared:
        processes.exchange(files)
        for scene, file in zip(scenes, files, strict=True):
            yield _calls(model, scene, file)


def _calls(model: Model, scene: Scene, file: Path) -> ConditionedCalls:
    anew = f"delete {file.parents[1]}: the training starts anew when it is resumed"
    with reading(file, anew):
        calls = RecordedCalls(**load_file(file))
    return ConditionedCalls.of(model, scene, calls)


@torch.no_grad()
def _walk(
    model: Model, student: nn.Module | None, scene: Scene, autocast: torch.dtype | None
) -> Generator[None, None, RecordedCalls]:
    family = model.family
    teacher = predictor(model, scene)
    predict = teacher if student is None else predictor(model, scene, student, autocast)
    shape = family.latent_shape(model, scene)
    x, timesteps, outputs = [], [], []
    for call in walk(scene, predict, shape, model.scheduler_config):
        answer = call.output
        if student is not None:
            answer = teacher(call.x[None], call.timestep).cpu().float()
        x.append(call.x)
        timesteps.append(call.timestep.to(torch.float32))
        outputs.append(answer)
        yield
    return RecordedCalls(torch.stack(x), torch.stack(timesteps), torch.stack(outputs))
