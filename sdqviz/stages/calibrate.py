"""Find the activation range of every layer at every timestep, from the recorded trajectories."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from safetensors.torch import load_file, save
from torch import nn

from sdqviz.base.config import option
from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Event, Log, Progress
from sdqviz.base.keys import seed_from
from sdqviz.base.scene import Scene
from sdqviz.diffusion.timesteps import as_taken
from sdqviz.families.predictor import predictor
from sdqviz.layers.plan import BLOCK, CONDITIONING, LAST
from sdqviz.layers.ranges import ActivationRanges
from sdqviz.layers.taps import tap_inputs
from sdqviz.measure.seen_inputs import ANY, SeenInputs, histograms
from sdqviz.products.context import Context
from sdqviz.products.plan import Plan
from sdqviz.products.ranges import Ranges
from sdqviz.products.scenes import CalibrationScenes
from sdqviz.products.trajectories import CalibrationTrajectories, calls_per_scene
from sdqviz.quant.equalise import equalise
from sdqviz.quant.numerics import taps_last_to_oti
from sdqviz.quant.ranges import SEARCHES, ActivationRange, search_range
from sdqviz.stages.contract import Needs, Stage

OUTLIER_RATIO = 4.0  # a first token this much larger than all others keeps FP activations


@dataclass(frozen=True, kw_only=True)
class CalibrateStage(Stage):
    name = "calibrate"
    label = "calibrating activation ranges"
    version = 3
    reads = (CalibrationScenes, CalibrationTrajectories, Plan)
    gives = (Ranges,)
    # The range search costs about as much as a third of the calls.
    needs = Needs(network_calls="1.4 * calls * calibration_scenes")

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

    def _cost(self, context: Context) -> float:
        if not context.has(CalibrationScenes):
            return 1.0
        scenes = context.take(CalibrationScenes).scenes
        return 1.4 * sum(calls_per_scene(scene) for scene in scenes)

    def _run(self, context: Context) -> Iterator[Event]:
        plan, scenes = context.take(Plan), context.take(CalibrationScenes).scenes
        self._check_group(context.take(CalibrationTrajectories))
        key = context.key()
        histograms_key = f"{key}-histograms"
        if context.products.find(key) is None or context.products.find(histograms_key) is None:
            seen: dict[str, SeenInputs] = defaultdict(SeenInputs)
            total = len(scenes) + 1
            yield Progress(stage=self.name, done=0, total=total)
            for index, scene in enumerate(scenes):
                self._collect(context, scene, seen)
                yield Progress(stage=self.name, done=index + 1, total=total)
            factors = _factors(context.model.network, plan, seen) if self.equalise else {}
            data = save(self._search(plan, seen, factors))
            context.products.product(key, "safetensors", lambda: data)
            counts = histograms(seen, factors)
            context.products.product(histograms_key, "npz", lambda: counts)
        layers = _read(load_file(context.products.file(key)), plan)
        context.give(Ranges(layers, self.timestep_group, histograms_key))
        context.result["histograms"] = context.products.find(histograms_key)
        outliers = [name for name, ranges in layers.items() if ranges.first_token_fp]
        if outliers:
            yield Log(
                message=f"begin-of-text token is an outlier in {len(outliers)} layers: "
                "that one row keeps FP activations"
            )
        total = len(scenes) + 1
        yield Progress(stage=self.name, done=total, total=total)

    def _check_group(self, trajectories: CalibrationTrajectories) -> None:
        for trajectory in trajectories.by_scene.values():
            count = len(trajectory.timesteps.unique())
            if self.timestep_group > count:
                raise SdqvizError(
                    f"timestep_group is {self.timestep_group}, but the sampler visits {count} "
                    "timesteps",
                    f"choose 1 to {count}, or per_timestep: false for one range",
                )

    @torch.no_grad()
    def _collect(self, context: Context, scene: Scene, seen: dict[str, SeenInputs]) -> None:
        """Adds what one scene's recorded calls bring to every planned layer's input."""
        plan = context.take(Plan)
        trajectory = context.take(CalibrationTrajectories).by_scene[scene.id]
        predict = predictor(context.model, scene)
        draw = torch.Generator().manual_seed(seed_from("calibrate", scene.id))
        now, first = 0.0, trajectory.timesteps[0].item()

        def see(name: str, x: torch.Tensor) -> None:
            layer, own = plan.layers[name], seen[name]
            if layer.role == CONDITIONING:
                if own.values and now != first:
                    return  # the text embedding is the same at every timestep of a scene
                own.see_tokens(x)
            own.add(now if layer.per_timestep and self.per_timestep else ANY, x, draw)

        with tap_inputs(context.model.network, plan.ranged, see):
            for x, timestep in zip(trajectory.x, trajectory.timesteps, strict=True):
                now = timestep.item()
                predict(x.expand(trajectory.branches, *x.shape), as_taken(timestep))

    def _search(
        self, plan: Plan, seen: dict[str, SeenInputs], factors: dict[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        """Per layer float64 [P, 4]: timestep, scale, inverse scale, zero point; its outlier; and
        its factors float32 [I], if it has some.
        """
        tensors: dict[str, torch.Tensor] = {}
        for name, own in seen.items():
            spec = plan.layers[name].activation
            assert spec is not None
            outlier = own.first_token > OUTLIER_RATIO * own.other_tokens
            rows = []
            for timesteps in batched(sorted(own.values), self.timestep_group):
                values = torch.cat([own.sample(t, factors.get(name)) for t in timesteps])
                if outlier:
                    values = values[values.abs() <= own.other_tokens]
                best = search_range(values, spec, self.range_search)
                rows += [[t, best.scale, best.inverse_scale, best.zero_point] for t in timesteps]
            tensors[f"{name}.pairs"] = torch.tensor(rows, dtype=torch.float64)
            tensors[f"{name}.outlier"] = torch.tensor(float(outlier))
            if name in factors:
                tensors[f"{name}.factor"] = factors[name]
        return tensors


def batched(timesteps: list[float], size: int) -> list[list[float]]:
    """Groups of `size` neighbours, the last maybe shorter."""
    return [timesteps[i : i + size] for i in range(0, len(timesteps), size)]


@torch.no_grad()
def _factors(
    network: nn.Module, plan: Plan, seen: dict[str, SeenInputs]
) -> dict[str, torch.Tensor]:
    """The channel factors float32 [I] of every layer that gains by them.

    The text embedding's layers are left out: their begin-of-text outlier is one token, not one
    channel, and is handled as such.
    """
    factors = {}
    for name, own in seen.items():
        layer = plan.layers[name]
        if layer.role in (BLOCK, LAST) and layer.weight and layer.activation:
            module = network.get_submodule(name)
            weight = taps_last_to_oti(module.weight.detach().cpu())  # type: ignore[union-attr]
            factor = 1 / equalise(weight, own.ranges(), layer.weight, layer.activation)
            if not bool((factor == 1).all()):
                factors[name] = factor
    return factors


def _read(tensors: dict[str, torch.Tensor], plan: Plan) -> dict[str, ActivationRanges]:
    activations = {}
    for name in plan.ranged:
        spec = plan.layers[name].activation
        assert spec is not None
        ranges = {
            t: ActivationRange(scale, inverse, int(zero))
            for t, scale, inverse, zero in tensors[f"{name}.pairs"].tolist()
        }
        outlier, factor = bool(tensors[f"{name}.outlier"]), tensors.get(f"{name}.factor")
        activations[name] = ActivationRanges(ranges, spec, outlier, factor)
    return activations
