"""Mixed precision (arXiv 2412.06661 v1): the layers that hurt most keep 8-bit weights.

One layer at a time is rounded to its planned bits while all others stay FP; its sensitivity is
the relative squared error that this puts on the network's output.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import nn

from sdqviz.base.config import option
from sdqviz.base.events import Event, Log, Progress
from sdqviz.families.conditioning import call_network
from sdqviz.layers.plan import BLOCK, CONDITIONING, make_plan
from sdqviz.products.context import Context
from sdqviz.products.plan import Plan
from sdqviz.products.scenes import CalibrationScenes
from sdqviz.products.trajectories import CalibrationTrajectories
from sdqviz.quant.numerics import fake_quantize_weight
from sdqviz.stages.contract import Needs, Stage
from sdqviz.training.batches import PARALLEL, Batches
from sdqviz.training.losses import Sample, batch_of
from sdqviz.training.recorded_calls import ConditionedCalls

PROBES = 16  # recorded calls that judge each layer
_MEASURED = (BLOCK, CONDITIONING)


@dataclass(frozen=True, kw_only=True)
class SensitivityStage(Stage):
    name = "sensitivity"
    label = "measuring how sensitive each layer is"
    version = 2
    reads = (CalibrationScenes, CalibrationTrajectories, Plan)
    gives = (Plan,)
    needs = Needs(network_calls="500")

    eight_bit_fraction: float = option(
        0.0,
        label="Share at 8 bits",
        help="Most sensitive weights that keep 8 bits, as a share of all; 0 is none.",
        low=0.0,
        high=1.0,
    )

    def _cost(self, context: Context) -> float:
        return 500.0

    def _run(self, context: Context) -> Iterator[Event]:
        network, plan = context.model.network, context.take(Plan)
        chosen = {n: p for n, p in plan.layers.items() if p.weight and p.role in _MEASURED}
        total = sum(layer.parameters for layer in chosen.values())
        key = context.item_key("errors", of=(CalibrationTrajectories, Plan))
        if context.products.find(key) is None:
            sample, done = _probes(context), 0
            errors: dict[str, float] = {}
            with torch.no_grad():
                reference = _call(network, sample)
                for name, layer in chosen.items():
                    yield Progress(stage=self.name, done=done, total=total, place=name)
                    done += layer.parameters
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
        sensitive = most_sensitive(errors, sizes, self.eight_bit_fraction)
        roles = context.model.family.roles(network)
        layers = make_plan(network, roles, plan.settings, sensitive)
        context.give(Plan(layers, plan.settings))
        context.result["sensitivity"] = errors
        yield Log(message=f"{len(sensitive)} sensitive layers get 8-bit weights")
        yield Progress(stage=self.name, done=total, total=total)


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


def _probes(context: Context) -> Sample:
    trajectories = context.take(CalibrationTrajectories).by_scene
    scenes = context.take(CalibrationScenes).scenes
    first = trajectories[scenes[0].id]
    batches = Batches(len(scenes), len(first.x), first.branches, PROBES, PARALLEL, 0)
    picks = batches.at(0)
    chosen = sorted({pick.scene for pick in picks})  # a few of many: only these are read
    calls = [
        ConditionedCalls.of(context.model, scenes[index], trajectories[scenes[index].id])
        for index in chosen
    ]
    picks = [replace(pick, scene=chosen.index(pick.scene)) for pick in picks]
    return batch_of(calls, picks, context.model.device)


def _call(network: nn.Module, sample: Sample) -> torch.Tensor:
    return call_network(network, sample.x, sample.timesteps, sample.conditioning).float()
