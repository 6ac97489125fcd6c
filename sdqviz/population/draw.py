"""Drawing the pictures that a comparison lacks: in this process, or in one process a device."""

import multiprocessing
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from sdqviz.base import events
from sdqviz.base.errors import SdqvizError
from sdqviz.base.scene import Scene
from sdqviz.diffusion.trajectory import walk
from sdqviz.families.contract import Model
from sdqviz.families.kinship import refuse_foreign
from sdqviz.families.predictor import predictor
from sdqviz.population.folder import QUANTIZED, Pictures
from sdqviz.runner.models import ModelCache
from sdqviz.runner.preflight import refuse_scenes

See = Callable[[events.Event], None]
STAGE = "draw"
POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Models:
    """What both sides are loaded from."""

    model: str
    other: str  # the packed folder
    model_config: str | None
    dtype: str

    def load(self, device: str) -> tuple[Model, nn.Module]:
        """The FP model and the quantized network."""
        cache = ModelCache()
        model = cache.model(self.model, self.model_config, device, self.dtype).model
        quantized = cache.model(self.other, None, device, self.dtype).model
        refuse_foreign(quantized, self.other, model, self.model)
        return model, quantized.network


def draw_all(pictures: Pictures, models: Models, devices: Sequence[str], see: See) -> None:
    """Draws what is missing. After a stop or a failure the pictures so far are kept."""
    if not pictures.missing():
        return
    total = 2 * len(pictures.scenes)
    see(events.Progress(stage=STAGE, done=pictures.drawn(), total=total))
    if len(devices) == 1:
        _draw_share(pictures, models, devices[0], 0, 1, see)
        return
    context = multiprocessing.get_context("spawn")
    workers = {
        device: context.Process(
            target=_work,
            args=(pictures, models, device, share, len(devices)),
            daemon=True,
        )
        for share, device in enumerate(devices)
    }
    for worker in workers.values():
        worker.start()
    while any(worker.is_alive() for worker in workers.values()):
        time.sleep(POLL_SECONDS)
        see(events.Progress(stage=STAGE, done=pictures.drawn(), total=total))
    failed = [device for device, worker in workers.items() if worker.exitcode]
    if failed:
        raise SdqvizError(
            f"drawing on {', '.join(failed)} failed after {pictures.drawn()} of {total} pictures",
            "its message is above; the same command goes on from there",
        )


def _work(pictures: Pictures, models: Models, device: str, share: int, shares: int) -> None:
    """One process's part; an error is one line on standard error and exit status 1."""
    try:
        _draw_share(pictures, models, device, share, shares)
    except SdqvizError as error:
        print(f"{device}: {error.message}. {error.hint}", file=sys.stderr, flush=True)
        sys.exit(1)
    except (OSError, RuntimeError) as error:  # a full disk, a device out of memory
        first = (str(error).splitlines() or [type(error).__name__])[0]
        print(f"{device}: {first}", file=sys.stderr, flush=True)
        sys.exit(1)


def _draw_share(
    pictures: Pictures,
    models: Models,
    device: str,
    share: int,
    shares: int,
    see: See = lambda event: None,
) -> None:
    model, student = models.load(device)
    refuse_scenes(model, pictures.scenes[:1], student)  # all have one size and one sampler
    missing = pictures.missing(share, shares)
    total = 2 * len(pictures.scenes)
    done = total - len(missing)
    for side, index in missing:
        network = student if side == QUANTIZED else None
        latents = final_latents(model, pictures.scenes[index], network)
        pictures.keep(side, index, model.family.decode(model, latents))
        done += 1
        see(events.Progress(stage=STAGE, done=done, total=total))


def final_latents(model: Model, scene: Scene, network: Any = None) -> torch.Tensor:
    """float32 [C, h, w] after the last step, with `network` or the model's own."""
    shape = model.family.latent_shape(model, scene)
    last = None
    for call in walk(scene, predictor(model, scene, network), shape, model.scheduler_config):
        last = call.latents
    assert last is not None  # a scene has at least one step
    return last
