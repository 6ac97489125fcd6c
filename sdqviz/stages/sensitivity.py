"""Mixed precision (arXiv 2412.06661 v1): the layers that hurt most keep 8-bit weights.

One layer at a time is rounded to its planned bits while all others stay FP; its sensitivity is
the relative squared error that this puts on the network's output.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict

import torch
from torch import nn

from sdqviz.base.events import Event, Log, Progress
from sdqviz.families.conditioning import call_network
from sdqviz.layers.plan import BLOCK, CONDITIONING, make_plan
from sdqviz.products.context import Context
from sdqviz.quant.numerics import fake_quantize_weight
from sdqviz.training.batches import Batches
from sdqviz.training.losses import batch_of
from sdqviz.training.recorded_calls import SceneCalls

PROBES = 16  # recorded calls that judge each layer


class SensitivityStage:
    name = "sensitivity"
    version = 1

    def cost(self, context: Context) -> float:
        return 0.0 if not context.config.eight_bit_fraction else 500.0

    def run(self, context: Context) -> Iterator[Event]:
        config, network = context.config, context.model.network
        if not config.eight_bit_fraction:
            return
        plan = make_plan(network, context.model.family.roles(network), config.plan)
        chosen = {n: p for n, p in plan.items() if p.weight and p.role in (BLOCK, CONDITIONING)}
        key = context.key(
            self, asdict(config.plan), [scene.as_dict() for scene in context.calibration]
        )
        if context.products.find(key) is None:
            sample = _probes(context)
            errors: dict[str, float] = {}
            with torch.no_grad():
                reference = _call(network, sample)
                for index, (name, layer) in enumerate(chosen.items()):
                    yield Progress(stage=self.name, done=index, total=len(chosen))
                    module = network.get_submodule(name)
                    assert isinstance(module, nn.Linear | nn.Conv2d) and layer.weight is not None
                    own = module.weight.data
                    try:
                        module.weight.data = fake_quantize_weight(own, layer.weight).to(own.dtype)
                        difference = _call(network, sample) - reference
                    finally:
                        module.weight.data = own
                    errors[name] = float(difference.square().mean() / reference.square().mean())
            context.products.product(key, "json", lambda: json.dumps(errors).encode())
        errors = json.loads(context.products.file(key).read_bytes())
        sizes = {name: layer.parameters for name, layer in chosen.items()}
        context.sensitive = most_sensitive(errors, sizes, config.eight_bit_fraction)
        context.result["sensitivity"] = errors
        yield Log(message=f"{len(context.sensitive)} sensitive layers get 8-bit weights")
        yield Progress(stage=self.name, done=1, total=1)


def most_sensitive(
    errors: dict[str, float], parameters: dict[str, int], fraction: float
) -> dict[str, str]:
    """Layer -> reason: the most error per parameter first, within `fraction` of all parameters."""
    budget = fraction * sum(parameters.values())
    chosen: dict[str, str] = {}
    for name in sorted(errors, key=lambda n: -errors[n] / parameters[n]):
        if parameters[name] <= budget:
            budget -= parameters[name]
            chosen[name] = f"sensitive: alone it costs {errors[name]:.2g} of the output's power"
    return chosen


def _probes(context: Context):
    calls = []
    for scene in context.calibration:
        trajectory = context.trajectories[scene.id]
        calls.append(
            SceneCalls(
                x=trajectory.x,
                timesteps=trajectory.timesteps,
                targets=trajectory.outputs,
                conditioning=context.model.family.condition(context.model, scene),
                guidance=scene.guidance,
            )
        )
    branches = calls[0].targets.shape[1]
    batches = Batches(len(calls), len(calls[0].x), branches, PROBES, "parallel", 0)
    return batch_of(calls, batches.at(0), context.model.device)


def _call(network: nn.Module, sample) -> torch.Tensor:
    return call_network(network, sample.x, sample.timesteps, sample.conditioning).float()
