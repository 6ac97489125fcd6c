"""Find the activation range of every layer at every timestep, from the recorded trajectories."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from safetensors.torch import load_file, save
from torch import nn

from sdqviz.base.config import option
from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Event, Log, Progress
from sdqviz.base.scene import Scene
from sdqviz.base.steps import Steps
from sdqviz.diffusion.timesteps import as_taken
from sdqviz.families.predictor import predictor
from sdqviz.layers.plan import BLOCK, CONDITIONING, LAST
from sdqviz.layers.ranges import ActivationRanges
from sdqviz.layers.taps import tap_inputs
from sdqviz.measure.seen_channels import SeenChannels
from sdqviz.measure.seen_inputs import ANY, SeenInputs
from sdqviz.products.context import Context
from sdqviz.products.plan import Plan
from sdqviz.products.ranges import Ranges
from sdqviz.products.scenes import CalibrationScenes
from sdqviz.products.trajectories import CalibrationTrajectories, calls_per_scene
from sdqviz.quant.equalise import equalise
from sdqviz.quant.numerics import multiply_channels, taps_last_to_oti
from sdqviz.quant.ranges import SEARCHES, ActivationRange, search_ranges
from sdqviz.stages.contract import Needs, Stage

OUTLIER_RATIO = 4.0  # a first token this much larger than all others keeps FP activations
# Channel factors are chosen before the inputs are counted, in a walk of its own. They go by a
# power of how far a channel reaches over all timesteps, which some scenes tell well enough.
FACTOR_SCENES = 4


@dataclass(frozen=True, kw_only=True)
class CalibrateStage(Stage):
    name = "calibrate"
    label = "calibrating activation ranges"
    version = 4
    reads = (CalibrationScenes, CalibrationTrajectories, Plan)
    gives = (Ranges,)
    # Counting costs a fifth of a call; the search does not grow with the scenes.
    needs = Needs(
        network_calls="1.2 * calls * (calibration_scenes "
        f"+ min(calibration_scenes, {FACTOR_SCENES}))"
    )

    range_search: str = option(
        "mse", label="Range search", help="How activation ranges are found.", choices=SEARCHES
    )
    per_timestep: bool = option(
        True, label="Ranges per timestep", help="One range per timestep, or one for all."
    )
    timestep_group: int = option(
        1, label="Timesteps a range", help="Neighbours that share a range.", low=1, high=1000
    )
    equalise: bool = option(
        True,
        label="Channel equalisation",
        help="Divide each input channel by a factor that its weights take over (SmoothQuant).",
    )
    split_shortcuts: bool = option(
        False,
        label="Split shortcuts",
        help="A range for each of the two tensors that a decoder's shortcut convolution reads "
        "(Q-Diffusion); channel equalisation, which is finer, takes its place.",
    )

    def _cost(self, context: Context) -> float:
        if not context.has(CalibrationScenes):
            return 1.0
        scenes = context.take(CalibrationScenes).scenes
        return 1.2 * sum(
            calls_per_scene(scene) for scene in (*scenes, *self._factor_scenes(scenes))
        )

    def _factor_scenes(self, scenes: tuple[Scene, ...]) -> tuple[Scene, ...]:
        return scenes[:FACTOR_SCENES] if self.equalise or self.split_shortcuts else ()

    def _run(self, context: Context) -> Iterator[Event]:
        plan, scenes = context.take(Plan), context.take(CalibrationScenes).scenes
        self._check_group(context.take(CalibrationTrajectories))
        key = context.key()
        histograms_key = f"{key}-histograms"
        model = context.model
        joined = {} if self.equalise else model.family.joined(model.network)
        watched = [n for n in _equalisable(plan) if self.equalise or n in joined]
        factored = self._factor_scenes(scenes) if watched else ()
        walked = (*scenes, *factored)
        total = sum(map(calls_per_scene, walked)) + 1  # and the search
        if context.products.find(key) is None or context.products.find(histograms_key) is None:
            yield Progress(stage=self.name, done=0, total=total)
            timesteps = self._timesteps(context)
            factors: dict[str, torch.Tensor] = {}
            done = 0
            if factored:
                channels = {n: SeenChannels(len(timesteps[n])) for n in watched}
                for scene in factored:
                    steps = self._see_channels(context, scene, timesteps, channels)
                    units = calls_per_scene(scene)
                    yield from self.told(steps, done, units, total, "channels' largest values")
                    done += units
                factors = (
                    _factors(model.network, plan, channels)
                    if self.equalise
                    else slice_factors(joined, channels)
                )
            texts = {n for n in plan.ranged if plan.layers[n].role == CONDITIONING}
            inputs = SeenInputs(timesteps, texts, model.device)
            for number, scene in enumerate(scenes, start=1):
                steps = self._see_inputs(context, scene, inputs, factors)
                units, place = calls_per_scene(scene), f"scene {number} of {len(scenes)}"
                yield from self.told(steps, done, units, total, place)
                inputs.check()
                done += units
            yield Progress(stage=self.name, done=done, total=total, place="searching the ranges")
            data = save(self._search(plan, inputs, factors))
            context.products.product(key, "safetensors", lambda: data)
            context.products.product(histograms_key, "npz", inputs.shown)
        tensors = load_file(context.products.file(key))
        layers = _read(tensors, plan, context.model.device)
        context.give(Ranges(layers, self.timestep_group, histograms_key))
        context.result["histograms"] = context.products.find(histograms_key)
        outliers = [name for name, ranges in layers.items() if ranges.first_token_fp]
        if outliers:
            yield Log(
                message=f"begin-of-text token is an outlier in {len(outliers)} layers: "
                "that one row keeps FP activations"
            )
        yield Progress(stage=self.name, done=total, total=total)

    def _check_group(self, trajectories: CalibrationTrajectories) -> None:
        for scene_id in trajectories.by_scene:
            count = len(set(trajectories.visited(scene_id)))
            if self.timestep_group > count:
                raise SdqvizError(
                    f"timestep_group is {self.timestep_group}, but the sampler visits {count} "
                    "timesteps",
                    f"choose 1 to {count}, or per_timestep: false for one range",
                )

    def _timesteps(self, context: Context) -> dict[str, list[float]]:
        """Layer -> the timesteps that have a range of their own, upwards, or [ANY]."""
        plan = context.take(Plan)
        visited = context.take(CalibrationTrajectories).all_visited
        own = visited if self.per_timestep else [ANY]
        return {n: own if plan.layers[n].per_timestep else [ANY] for n in plan.ranged}

    def _see_channels(
        self,
        context: Context,
        scene: Scene,
        timesteps: dict[str, list[float]],
        channels: dict[str, SeenChannels],
    ) -> Steps[None]:
        places = {t: place for name in channels for place, t in enumerate(timesteps[name])}

        def see(name: str, now: float, x: torch.Tensor) -> None:
            channels[name].add(places.get(now, 0), x)

        return _watch(context, scene, list(channels), see)

    def _see_inputs(
        self, context: Context, scene: Scene, inputs: SeenInputs, factors: dict[str, torch.Tensor]
    ) -> Steps[None]:
        plan = context.take(Plan)
        first = context.take(CalibrationTrajectories).visited(scene.id)[0]

        def see(name: str, now: float, x: torch.Tensor) -> None:
            # The text embedding is the same at every timestep of a scene.
            if now == first or plan.layers[name].role != CONDITIONING:
                inputs.add(name, now, multiply_channels(x, factors.get(name)))

        return _watch(context, scene, plan.ranged, see)

    def _search(
        self, plan: Plan, inputs: SeenInputs, factors: dict[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        """Per layer float64 [P, 4]: timestep, scale, inverse scale, zero point; its outlier; and
        its factors float32 [I], if it has some.
        """
        excess = inputs.first_token_excess()
        outliers = {name for name, ratio in excess.items() if ratio > OUTLIER_RATIO}
        found: dict[str, list[list[float]]] = {name: [] for name in plan.ranged}
        for spec in {plan.layers[name].activation: None for name in plan.ranged}:
            assert spec is not None
            groups = [
                (name, group)
                for name in plan.ranged
                if plan.layers[name].activation == spec
                for group in inputs.groups(name, self.timestep_group, name in outliers)
            ]
            merged = inputs.seen.merged([group.rows for _, group in groups])
            ranges = search_ranges(merged, spec, self.range_search)
            for (name, group), best in zip(groups, ranges, strict=True):
                row = [best.scale, best.inverse_scale, float(best.zero_point)]
                found[name] += [[t, *row] for t in group.timesteps]
        tensors: dict[str, torch.Tensor] = {}
        sizes = [len(factor) for factor in factors.values()]
        together = torch.cat([*factors.values(), torch.zeros(0, device=inputs.seen.low.device)])
        on_host = dict(zip(factors, together.cpu().split(sizes), strict=True)) if sizes else {}
        for name, rows in found.items():
            tensors[f"{name}.pairs"] = torch.tensor(rows, dtype=torch.float64)
            tensors[f"{name}.outlier"] = torch.tensor(float(name in outliers))
            if name in on_host:
                tensors[f"{name}.factor"] = on_host[name].clone()
        return tensors


@torch.no_grad()
def _watch(
    context: Context,
    scene: Scene,
    names: list[str],
    see: Callable[[str, float, torch.Tensor], None],
) -> Steps[None]:
    """Calls see(layer, timestep, input) for each named layer at each recorded call of a scene.
    Yields how many calls are made.
    """
    trajectory = context.take(CalibrationTrajectories).by_scene[scene.id]
    predict, now = predictor(context.model, scene), 0.0
    with tap_inputs(context.model.network, names, lambda name, x: see(name, now, x)):
        for call, (x, timestep) in enumerate(zip(trajectory.x, trajectory.timesteps, strict=True)):
            now = timestep.item()
            predict(x.expand(trajectory.branches, *x.shape), as_taken(timestep))
            yield call + 1


def _equalisable(plan: Plan) -> list[str]:
    """The layers whose input may be equalised.

    The text embedding's are left out: their begin-of-text outlier is one token, not one channel,
    and is handled as such.
    """
    return [
        name
        for name in plan.ranged
        if plan.layers[name].role in (BLOCK, LAST) and plan.layers[name].weight
    ]


@torch.no_grad()
def _factors(
    network: nn.Module, plan: Plan, seen: dict[str, SeenChannels]
) -> dict[str, torch.Tensor]:
    """The channel factors float32 [I] of every layer that gains by them, on its device."""
    factors = {}
    for name, own in seen.items():
        layer = plan.layers[name]
        assert layer.weight and layer.activation
        weight = taps_last_to_oti(network.get_parameter(f"{name}.weight").detach())
        factors[name] = 1 / equalise(weight, own.ranges(), layer.weight, layer.activation)
    if not factors:  # activations in floating point: there is nothing to equalise
        return {}
    needed = torch.stack([(factor != 1).any() for factor in factors.values()]).tolist()
    return {n: factor for (n, factor), own in zip(factors.items(), needed, strict=True) if own}


def slice_factors(joined: dict[str, int], seen: dict[str, SeenChannels]) -> dict[str, torch.Tensor]:
    """For layers that read two tensors side by side, factors float32 [I], constant over each, that
    make both reach as far: each has a scale of its own, as two quantizers have. 1 for the larger.
    """
    factors = {}
    for name, channels in seen.items():
        ends, first = channels.ranges(), joined[name]
        reach = torch.maximum(ends.high, -ends.low).amax(dim=0)  # [I]
        parts = torch.stack((reach[:first].amax(), reach[first:].amax()))
        parts = parts.clamp(min=1e-4 * parts.max().clamp(min=1e-30))  # one may hold nothing
        counts = torch.tensor([first, len(reach) - first], device=reach.device)
        factors[name] = (parts.amax() / parts).repeat_interleave(counts)
    return factors


def _read(
    tensors: dict[str, torch.Tensor], plan: Plan, device: torch.device
) -> dict[str, ActivationRanges]:
    """Each layer's ranges on the device of the network, whose weights meet the factors."""
    activations = {}
    for name in plan.ranged:
        spec = plan.layers[name].activation
        assert spec is not None
        ranges = {
            t: ActivationRange(scale, inverse, int(zero))
            for t, scale, inverse, zero in tensors[f"{name}.pairs"].tolist()
        }
        outlier, factor = bool(tensors[f"{name}.outlier"]), tensors.get(f"{name}.factor")
        activations[name] = ActivationRanges(ranges, spec, outlier, factor).to(device)
    return activations
