"""What the text encoders make of scenes: once for each, kept on the CPU.

On a GPU the encoders are there only while they encode: XL's take as much memory as a quarter of
its network, v3's T5 more than twice its network.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from sdqviz.base.scene import Scene
from sdqviz.base.steps import Steps, result_of
from sdqviz.families.conditioning import Conditioning, in_format
from sdqviz.families.contract import Model

KEPT = 4096  # scenes; the oldest are encoded again when more are asked for


def conditioning_of(model: Model, scene: Scene) -> Conditioning:
    """The network's keyword arguments for the scene, unconditional branch first: on the CPU."""
    encode(model, [scene])
    return model.encoded[_key(scene)]


def encode(model: Model, scenes: Iterable[Scene]) -> None:
    """Encodes those of the scenes that were not encoded before, all in one go."""
    result_of(encoding(model, scenes))


def encoding(model: Model, scenes: Iterable[Scene]) -> Steps[None]:
    """As `encode`; yields how many scenes are encoded now."""
    missing = {_key(scene): scene for scene in scenes if _key(scene) not in model.encoded}
    if not missing:
        return
    with _encoders_at_work(model):
        for done, (key, scene) in enumerate(missing.items()):
            yield done
            own = model.family.condition(model, scene)
            model.encoded[key] = in_format(own, None, torch.device("cpu"))
    while len(model.encoded) > max(KEPT, len(missing)):
        model.encoded.pop(next(iter(model.encoded)))


def _key(scene: Scene) -> Any:
    size = (scene.height, scene.width)
    return (scene.prompt, scene.negative_prompt, scene.guided, size)


@contextmanager
def _encoders_at_work(model: Model) -> Iterator[None]:
    """Inside, every part that is neither network nor autoencoder is on the model's device;
    afterwards none of them is (a safety checker, too).
    """
    pipeline = model.pipeline
    stay = (model.network, getattr(pipeline, "vae", None))
    components = pipeline.components.values()
    parts = [part for part in components if isinstance(part, nn.Module) and part not in stay]
    for part in parts:
        part.to(model.device)
    try:
        yield
    finally:
        for part in parts:
            part.to("cpu")
