"""A network and a scene's conditioning, as the function that the sampler calls."""

import torch
from torch import nn

from sdqviz.base.scene import Scene
from sdqviz.diffusion.trajectory import Predictor
from sdqviz.families.contract import Model


def predictor(
    model: Model, scene: Scene, network: nn.Module | None = None, autocast: bool = False
) -> Predictor:
    """The scene's predictor with `network` (the model's own by default).

    autocast runs the network in bfloat16: the noise floor's second arithmetic.
    """
    net = network if network is not None else model.network
    conditioning = model.family.condition(model, scene)
    device = model.device
    dtype = next(iter(conditioning.values())).dtype

    def predict(x: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        moved, times = x.to(device, dtype), timestep.to(device).expand(len(x))
        if not autocast:
            return net(moved, timestep=times, **conditioning).sample
        with torch.autocast(device.type, torch.bfloat16):
            return net(moved, timestep=times, **conditioning).sample

    return predict
