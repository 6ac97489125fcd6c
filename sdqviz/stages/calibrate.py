"""Find the activation range of every layer at every timestep, from the recorded trajectories."""

import io
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save

from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Event, Log, Progress
from sdqviz.base.keys import seed_from
from sdqviz.diffusion.timesteps import as_taken
from sdqviz.families.predictor import predictor
from sdqviz.layers.plan import BLOCK, CONDITIONING, LAST, LayerPlan, make_plan
from sdqviz.layers.ranges import ActivationRanges
from sdqviz.layers.taps import tap_inputs
from sdqviz.products.context import Context
from sdqviz.products.trajectories import calls_per_scene
from sdqviz.quant.equalise import ChannelRange, equalise
from sdqviz.quant.numerics import taps_last_to_oti
from sdqviz.quant.ranges import ActivationRange, search_range

SAMPLES_PER_CALL = 1024
BINS = 64
OUTLIER_RATIO = 4.0  # a first token this much larger than all others keeps FP activations
_ANY = math.nan


@dataclass
class Seen:
    """What the calibration scenes brought to one layer's input, by timestep."""

    values: dict[float, list[torch.Tensor]] = field(default_factory=dict)  # a random sample
    channels: dict[float, list[torch.Tensor]] = field(default_factory=dict)  # of those values
    low: dict[float, list[torch.Tensor]] = field(default_factory=dict)  # [I] of each call
    high: dict[float, list[torch.Tensor]] = field(default_factory=dict)
    squares: list[torch.Tensor] = field(default_factory=list)  # mean squares [I], one per call
    first_token: float = 0.0  # largest magnitude of the first token, and of all others
    other_tokens: float = 0.0

    def ranges(self) -> ChannelRange:
        low = torch.stack([torch.stack(rows).amin(dim=0) for rows in self.low.values()])
        high = torch.stack([torch.stack(rows).amax(dim=0) for rows in self.high.values()])
        return ChannelRange(low, high, torch.stack(self.squares).mean(dim=0))

    def sample(self, timestep: float, factor: torch.Tensor | None) -> torch.Tensor:
        """The values at a timestep and the extremes of each call, as the quantizer meets them."""
        values = torch.cat(self.values[timestep])
        low, high = torch.stack(self.low[timestep]), torch.stack(self.high[timestep])
        if factor is not None:
            values = values * factor[torch.cat(self.channels[timestep])]
            low, high = low * factor, high * factor
        return torch.cat((values, low.amin(dim=1), high.amax(dim=1)))


class CalibrateStage:
    name = "calibrate"
    version = 2

    def cost(self, context: Context) -> float:
        # The range search costs about as much as a third of the calls.
        return 1.4 * sum(calls_per_scene(scene) for scene in context.calibration)

    def run(self, context: Context) -> Iterator[Event]:
        config, network = context.config, context.model.network
        roles = context.model.family.roles(network)
        context.plan = make_plan(network, roles, config.plan, context.sensitive)
        _check_group(context)
        key = context.key(
            self,
            {name: layer.as_dict() for name, layer in context.plan.items()},
            [config.range_search, config.per_timestep, config.timestep_group, config.equalise],
            [scene.as_dict() for scene in context.calibration],
        )
        blob = context.products.find(key)
        if blob is None:
            seen: dict[str, Seen] = defaultdict(Seen)
            total = len(context.calibration) + 1
            yield Progress(stage=self.name, done=0, total=total)
            for index, scene in enumerate(context.calibration):
                _collect(context, scene, seen)
                yield Progress(stage=self.name, done=index + 1, total=total)
            factors = _factors(context, seen) if config.equalise else {}
            data = save(_search(context, seen, factors))
            context.products.product(key, "safetensors", lambda: data)
            histograms = _histograms(seen, factors)
            context.products.product(key + "-histograms", "npz", lambda: histograms)
        found = load_file(context.products.file(key))
        context.activations = _read(found, context.plan)
        context.histograms_key = key + "-histograms"
        context.result["histograms"] = context.products.find(context.histograms_key)
        outliers = [name for name, ranges in context.activations.items() if ranges.first_token_fp]
        if outliers:
            yield Log(
                message=f"begin-of-text token is an outlier in {len(outliers)} layers: "
                "that one row keeps FP activations"
            )
        total = len(context.calibration) + 1
        yield Progress(stage=self.name, done=total, total=total)


def batched(timesteps: list[float], size: int) -> list[list[float]]:
    """Groups of `size` neighbours, the last maybe shorter."""
    return [timesteps[i : i + size] for i in range(0, len(timesteps), size)]


def _check_group(context: Context) -> None:
    group = context.config.timestep_group
    for scene in context.calibration:
        count = len(context.trajectories[scene.id].timesteps.unique())
        if group > count:
            raise SdqvizError(
                f"timestep_group is {group}, but the sampler visits {count} timesteps",
                f"choose 1 to {count}, or per_timestep: false for one range",
            )


def _planned(plan: dict[str, LayerPlan]) -> list[str]:
    return [name for name, layer in plan.items() if layer.activation is not None]


@torch.no_grad()
def _collect(context: Context, scene: Any, seen: dict[str, Seen]) -> None:
    """Adds a sample and the channels' extremes of every planned layer's input, per timestep."""
    trajectory = context.trajectories[scene.id]
    predict = predictor(context.model, scene)
    now = 0.0
    draw = torch.Generator().manual_seed(seed_from("calibrate", scene.id))

    def see(name: str, x: torch.Tensor) -> None:
        layer, own = context.plan[name], seen[name]
        if layer.role == CONDITIONING:
            if own.values and now != trajectory.timesteps[0].item():
                return  # the text embedding is the same at every timestep of a scene
            own.first_token = max(own.first_token, x[:, 0].abs().max().item())
            own.other_tokens = max(own.other_tokens, x[:, 1:].abs().max().item())
        timestep = now if layer.per_timestep and context.config.per_timestep else _ANY
        rows = x.detach().movedim(1, -1) if x.dim() == 4 else x.detach()
        rows = rows.flatten(0, -2).to(torch.float32)  # [N, I]
        # Random places: a stride that shares a factor with I would meet few of the channels.
        places = torch.randint(rows.numel(), (min(SAMPLES_PER_CALL, rows.numel()),), generator=draw)
        own.values.setdefault(timestep, []).append(rows.flatten()[places.to(x.device)].cpu())
        own.channels.setdefault(timestep, []).append(places % rows.shape[1])
        own.low.setdefault(timestep, []).append(rows.amin(dim=0).cpu())
        own.high.setdefault(timestep, []).append(rows.amax(dim=0).cpu())
        own.squares.append(rows.square().mean(dim=0).cpu())

    with tap_inputs(context.model.network, _planned(context.plan), see):
        branches = trajectory.outputs.shape[1]
        for x, timestep in zip(trajectory.x, trajectory.timesteps, strict=True):
            now = timestep.item()
            predict(x.expand(branches, *x.shape), as_taken(timestep))


@torch.no_grad()
def _factors(context: Context, seen: dict[str, Seen]) -> dict[str, torch.Tensor]:
    """The channel factors float32 [I] of every layer that gains by them.

    The text embedding's layers are left out: their begin-of-text outlier is one token, not one
    channel, and is handled as such.
    """
    factors = {}
    for name, own in seen.items():
        layer = context.plan[name]
        if layer.role in (BLOCK, LAST) and layer.weight and layer.activation:
            module = context.model.network.get_submodule(name)
            weight = taps_last_to_oti(module.weight.detach().cpu())  # type: ignore[union-attr]
            factor = 1 / equalise(weight, own.ranges(), layer.weight, layer.activation)
            if not bool((factor == 1).all()):
                factors[name] = factor
    return factors


def _search(
    context: Context, seen: dict[str, Seen], factors: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Per layer float64 [P, 4]: timestep, scale, inverse scale, zero point; its outlier; and its
    factors float32 [I], if it has some.
    """
    tensors: dict[str, torch.Tensor] = {}
    for name, own in seen.items():
        spec = context.plan[name].activation
        assert spec is not None
        outlier = own.first_token > OUTLIER_RATIO * own.other_tokens
        rows = []
        for timesteps in batched(sorted(own.values), context.config.timestep_group):
            values = torch.cat([own.sample(t, factors.get(name)) for t in timesteps])
            if outlier:
                values = values[values.abs() <= own.other_tokens]
            best = search_range(values, spec, context.config.range_search)
            rows += [[t, best.scale, best.inverse_scale, best.zero_point] for t in timesteps]
        tensors[f"{name}.pairs"] = torch.tensor(rows, dtype=torch.float64)
        tensors[f"{name}.outlier"] = torch.tensor(float(outlier))
        if name in factors:
            tensors[f"{name}.factor"] = factors[name]
    return tensors


def _read(tensors: dict[str, torch.Tensor], plan: dict[str, LayerPlan]) -> dict:
    activations = {}
    for name in _planned(plan):
        spec = plan[name].activation
        assert spec is not None
        ranges = {
            t: ActivationRange(scale, inverse, int(zero))
            for t, scale, inverse, zero in tensors[f"{name}.pairs"].tolist()
        }
        outlier, factor = bool(tensors[f"{name}.outlier"]), tensors.get(f"{name}.factor")
        activations[name] = ActivationRanges(ranges, spec, outlier, factor)
    return activations


def _histograms(seen: dict[str, Seen], factors: dict[str, torch.Tensor]) -> bytes:
    """An npz: per layer `NAME|edges` float32 [65], `NAME|timesteps` [T], `NAME|counts` [T, 64].

    Of what the quantizer meets, so after equalisation. The edges are shared by all timesteps of a
    layer, so that rows can be compared.
    """
    arrays: dict[str, np.ndarray] = {}
    for name, own in seen.items():
        values = {t: own.sample(t, factors.get(name)).numpy() for t in own.values}
        low = min(v.min() for v in values.values())
        high = max(v.max() for v in values.values())
        edges = np.linspace(low, high if high > low else low + 1, BINS + 1, dtype=np.float32)
        arrays[f"{name}|edges"] = edges
        arrays[f"{name}|timesteps"] = np.array(list(values), dtype=np.float32)
        arrays[f"{name}|counts"] = np.stack(
            [np.histogram(v, edges)[0].astype(np.uint32) for v in values.values()]
        )
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()
