"""A network and a scene's conditioning, as the function that the sampler calls."""

import torch
from torch import nn

from sdqviz.base.scene import Scene
from sdqviz.diffusion.trajectory import Predictor
from sdqviz.families.conditioning import call_network
from sdqviz.families.contract import Model


def predictor(model: Model, scene: Scene, network: nn.Module | None = None) -> Predictor:
    """The scene's predictor with `network` (the model's own by default)."""
    net = network if network is not None else model.network
    conditioning = model.family.condition(model, scene)
    branches, device = len(conditioning["encoder_hidden_states"]), model.device

    def predict(x: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        x = x.expand(branches, *x.shape[1:])
        times = timestep.to(device).expand(len(x))
        return call_network(net, x.to(device), times, conditioning)

    return predict
