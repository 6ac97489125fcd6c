"""A network and a scene's conditioning, as the function that the sampler calls."""

from contextlib import nullcontext

import torch
from torch import nn

from sdqviz.base.scene import Scene
from sdqviz.diffusion.schedulers import build_scheduler
from sdqviz.diffusion.trajectory import Predictor
from sdqviz.families.conditioning import call_network, in_format
from sdqviz.families.contract import Model
from sdqviz.families.encoding import conditioning_of
from sdqviz.layers.moments import fill_moments, remembered_layers

_ANY_PICTURE = 8  # side of the latents that stand in where the picture has no say


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
    branches = len(conditioning["encoder_hidden_states"])
    unfilled = remembered_layers(net)

    def call(x: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        times = timestep.to(device).expand(len(x))
        with nullcontext() if autocast is None else torch.autocast(device.type, autocast):
            return call_network(net, x, times, conditioning)

    def predict(x: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        x = x.to(device).expand(branches, *x.shape[1:])
        if unfilled:
            some = x[..., :_ANY_PICTURE, :_ANY_PICTURE]
            timesteps = build_scheduler(scene, model.scheduler_config).timesteps
            fill_moments(unfilled, lambda at: call(some, at), timesteps.unique())
            unfilled.clear()
        return call(x, timestep)

    return predict
