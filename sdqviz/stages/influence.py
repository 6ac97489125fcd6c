"""How much an error at each network call changes the final picture.

To first order the final error is a sum of what each call's error becomes (PCR, arXiv 2311.06322,
uses the same). So each call's error is put in alone: the teacher samples, but at call k its
output is shifted by the error that a rounded network makes there. The final latents' squared
change, divided by the squared shift, is the influence of call k.
"""

import json
from collections.abc import Iterator

import torch
from torch import nn

from sdqviz.base.events import Event, Progress, Scalar
from sdqviz.base.scene import Scene
from sdqviz.diffusion.trajectory import Trajectory, record, replay
from sdqviz.families.predictor import predictor
from sdqviz.layers.plan import PlanConfig, make_plan
from sdqviz.products.context import Context
from sdqviz.products.trajectories import teacher_trajectory
from sdqviz.quant.numerics import fake_quantize_weight

INFLUENCE, UNIFORM = "influence", "uniform"
WEIGHTINGS = (INFLUENCE, UNIFORM)
_PLAN = PlanConfig()  # the probe is the same for every plan, so that all arms share it


class InfluenceStage:
    name = "influence"
    version = 1

    def cost(self, context: Context) -> float:
        if not _wanted(context) or context.products.find(_key(self, context)):
            return 0.0
        return context.tune[0].steps ** 2 / 2

    def run(self, context: Context) -> Iterator[Event]:
        if not _wanted(context):
            return
        scene = context.tune[0]
        key = _key(self, context)
        trajectory = teacher_trajectory(context, scene)
        if context.products.find(key) is None:
            found = []
            errors = _probe_errors(context, scene, trajectory)
            count = len(trajectory.x)
            for index in range(count):
                found.append(_influence(context, scene, trajectory, errors, index))
                yield Progress(stage=self.name, done=index + 1, total=count)
            context.products.product(key, "json", lambda: json.dumps(found).encode())
        values = json.loads(context.products.file(key).read_bytes())
        mean = sum(values) / len(values)
        context.influence = [value / mean for value in values]
        pairs = zip(context.influence, trajectory.timesteps.tolist(), strict=True)
        for index, (value, timestep) in enumerate(pairs):
            yield Scalar(name="influence", value=value, step=index, timestep=timestep)


def _wanted(context: Context) -> bool:
    config = context.config
    return bool(config.training_steps) and config.weighting == INFLUENCE


def _key(stage: InfluenceStage, context: Context) -> str:
    return context.key(stage, context.tune[0].as_dict())


@torch.no_grad()
def _probe_errors(context: Context, scene: Scene, trajectory: Trajectory) -> torch.Tensor:
    """What 4-bit weights change at each call, on the teacher's inputs: [S, b, C, h, w]."""
    network = context.model.network
    plan = make_plan(network, context.model.family.roles(network), _PLAN)
    kept: dict[str, torch.Tensor] = {}
    try:
        for name, layer in plan.items():
            if layer.weight is not None:
                module = network.get_submodule(name)
                assert isinstance(module, nn.Linear | nn.Conv2d)
                kept[name] = module.weight.data
                rounded = fake_quantize_weight(module.weight.data, layer.weight)
                module.weight.data = rounded.to(module.weight.dtype)
        outputs = torch.stack(list(replay(trajectory, predictor(context.model, scene))))
    finally:
        for name, weight in kept.items():
            network.get_submodule(name).weight.data = weight  # type: ignore[union-attr]
    return outputs - trajectory.outputs


def _influence(
    context: Context, scene: Scene, trajectory: Trajectory, errors: torch.Tensor, index: int
) -> float:
    """|change of the final latents|^2 / |shift at call `index`|^2."""
    model = context.model
    follow, calls = predictor(model, scene), iter(range(len(trajectory.x)))

    def predict(x: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        call = next(calls)
        if call < index:
            return trajectory.outputs[call]  # nothing has changed yet
        return trajectory.outputs[call] + errors[call] if call == index else follow(x, timestep)

    shape = model.family.latent_shape(model, scene)
    shifted = record(scene, predict, shape, model.scheduler_config)
    change = (shifted.latents[-1] - trajectory.latents[-1]).square().mean()
    return (change / errors[index].square().mean().clamp(min=1e-20)).item()
