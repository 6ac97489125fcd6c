"""Noise fixed by the scene's seed alone: one CPU generator per scene, one per step."""

import torch

from sdqviz.base.keys import seed_from


def initial_noise(seed: int, shape: tuple[int, ...]) -> torch.Tensor:
    """float32 unit noise [1, C, h, w], as diffusers draws it for a CPU generator of this seed."""
    generator = torch.Generator("cpu").manual_seed(seed)
    return torch.randn((1, *shape), generator=generator, dtype=torch.float32)


def step_generator(scene_id: str, step: int) -> torch.Generator:
    """The noise of one step of one scene, shared by the FP and the quantized run."""
    return torch.Generator("cpu").manual_seed(seed_from("step-noise", scene_id, step))
