"""How much an error at each network call changes the final picture.

To first order the final error is a sum of what each call's error becomes (PCR, arXiv 2311.06322,
uses the same). So each call's error is put in alone: the teacher samples, but at call k its
output is shifted by the error that a rounded network makes there. The final latents' squared
change, divided by the squared shift, is the influence of call k.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from sdqviz.base.config import option
from sdqviz.base.events import Event, Progress, Scalar
from sdqviz.base.scene import Scene
from sdqviz.base.steps import Steps, weighed
from sdqviz.diffusion.trajectory import Trajectory, recording, replay
from sdqviz.families.predictor import predictor
from sdqviz.layers.plan import PlanConfig, make_plan
from sdqviz.products.context import Context
from sdqviz.products.influence import Influence
from sdqviz.products.scenes import TuneScenes
from sdqviz.products.trajectories import calls_per_scene, recording_teacher, teacher_trajectory
from sdqviz.quant.numerics import fake_quantize_weight
from sdqviz.stages.contract import SEARCH_CALLS, Needs, Stage

INFLUENCE, UNIFORM = "influence", "uniform"
WEIGHTINGS = (INFLUENCE, UNIFORM)
PROBE = 40  # the search of 4-bit weights takes about as long as so many network calls
_PLAN = PlanConfig()  # the probe is the same for every plan, so that all arms share it


@dataclass(frozen=True, kw_only=True)
class InfluenceStage(Stage):
    name = "influence"
    label = "measuring how much each timestep matters"
    version = 2
    reads = (TuneScenes,)
    gives = (Influence,)
    needs = Needs(
        network_calls=f"calls ** 2 / 2 + {SEARCH_CALLS} if weighting == 'influence' else 0"
    )

    weighting: str = option(
        INFLUENCE,
        label="Timestep weighting",
        help="By what an error at each call does to the final picture (measured), or uniform.",
        choices=WEIGHTINGS,
    )

    def _cost(self, context: Context) -> float:
        if self.weighting == UNIFORM or not context.has(TuneScenes):
            return 0.0
        scene, key = context.take(TuneScenes).scenes[0], context.item_key(of=(TuneScenes,))
        return 0.0 if context.products.find(key) else PROBE + scene.steps**2 / 2

    def _run(self, context: Context) -> Iterator[Event]:
        if self.weighting == UNIFORM:
            return
        scene = context.take(TuneScenes).scenes[0]
        key = context.item_key(of=(TuneScenes,))
        count = calls_per_scene(scene)
        done, total = 0, 2 * count + PROBE + count * (count + 1) // 2
        steps = recording_teacher(context, scene)
        yield from self.told(steps, done, count, total, "the FP picture")
        done, trajectory = count, teacher_trajectory(context, scene)
        if context.products.find(key) is None:
            found = []
            probing = _probe_errors(context, scene, trajectory)
            units, place = PROBE + count, "errors of 4-bit weights"
            errors = yield from self.told(probing, done, units, total, place)
            done += units
            for index in range(count):
                place = f"an error at call {index + 1} of {count}"
                steps = weighed(_influence(context, scene, trajectory, errors, index), -index, 1)
                found.append((yield from self.told(steps, done, count - index, total, place)))
                done += count - index
            context.products.product(key, "json", lambda: json.dumps(found).encode())
        values = json.loads(context.products.file(key).read_bytes())
        mean = sum(values) / len(values)
        weights = tuple(value / mean for value in values)
        context.give(Influence(weights))
        yield Progress(stage=self.name, done=total, total=total)
        for index, (value, timestep) in enumerate(zip(weights, trajectory.timesteps, strict=True)):
            yield Scalar(name="influence", value=value, step=index, timestep=timestep.item())


@torch.no_grad()
def _probe_errors(context: Context, scene: Scene, trajectory: Trajectory) -> Steps[torch.Tensor]:
    """What 4-bit weights change at each call, on the teacher's inputs: [S, b, C, h, w]. Yields how
    much of `PROBE` is done, and then the calls.
    """
    network = context.model.network
    plan = make_plan(network, context.model.family.roles(network), _PLAN)
    kept: dict[str, torch.Tensor] = {}
    try:
        weights, rounded_so_far = sum(p.parameters for p in plan.values() if p.weight), 0
        for name, layer in plan.items():
            if layer.weight is not None:
                yield PROBE * rounded_so_far // weights
                rounded_so_far += layer.parameters
                module = network.get_submodule(name)
                assert isinstance(module, nn.Linear | nn.Conv2d)
                kept[name] = module.weight.data
                rounded = fake_quantize_weight(module.weight.data, layer.weight)
                module.weight.data = rounded.to(module.weight.dtype)
        outputs = []
        for output in replay(trajectory, predictor(context.model, scene)):
            outputs.append(output)
            yield PROBE + len(outputs)
    finally:
        for name, weight in kept.items():
            network.get_submodule(name).weight.data = weight  # type: ignore[union-attr]
    return torch.stack(outputs) - trajectory.outputs


def _influence(
    context: Context, scene: Scene, trajectory: Trajectory, errors: torch.Tensor, index: int
) -> Steps[float]:
    """|change of the final latents|^2 / |shift at call `index`|^2. Yields how many calls are made
    or known.
    """
    model = context.model
    follow, calls = predictor(model, scene), iter(range(len(trajectory.x)))

    def predict(x: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        call = next(calls)
        if call < index:
            return trajectory.outputs[call]  # nothing has changed yet
        return trajectory.outputs[call] + errors[call] if call == index else follow(x, timestep)

    shape = model.family.latent_shape(model, scene)
    shifted = yield from recording(scene, predict, shape, model.scheduler_config)
    change = (shifted.latents[-1] - trajectory.latents[-1]).square().mean()
    return (change / errors[index].square().mean().clamp(min=1e-20)).item()
