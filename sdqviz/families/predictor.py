"""A network and a scene's conditioning, as the function that the sampler calls."""

from contextlib import nullcontext

import torch
from torch import nn

from sdqviz.base.scene import Scene
from sdqviz.diffusion.trajectory import Predictor
from sdqviz.families.conditioning import call_network, in_format
from sdqviz.families.contract import Model
from sdqviz.families.encoding import conditioning_of


def predictor(
    model: Model,
    scene: Scene,
    network: nn.Module | None = None,
    autocast: torch.dtype | None = None,
) -> Predictor:
    """The scene's predictor with `network` (the model's own by default), under `autocast`."""
    net = network if network is not None else model.network
    device = model.device
    conditioning = in_format(conditioning_of(model, scene), None, device)

    def predict(x: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        times = timestep.to(device).expand(len(x))
        with nullcontext() if autocast is None else torch.autocast(device.type, autocast):
            return call_network(net, x.to(device), times, conditioning)

    return predict
