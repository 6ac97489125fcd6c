"""Find the activation range of every layer at every timestep, from the recorded trajectories."""

import io
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from safetensors.torch import load, save

from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Event, Log, Progress
from sdqviz.families.predictor import predictor
from sdqviz.layers.activations import ActivationPairs
from sdqviz.layers.plan import CONDITIONING, LayerPlan, make_plan
from sdqviz.layers.taps import tap_inputs
from sdqviz.quant.observers import search_pair
from sdqviz.stages.contract import Context, calls_per_scene

SAMPLES_PER_CALL = 1024
BINS = 64
OUTLIER_RATIO = 4.0  # a first token this much larger than all others keeps FP activations
_ANY = math.nan


class CalibrateStage:
    name = "calibrate"
    version = 1

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
            asdict(config.plan),
            [config.range_search, config.per_timestep, config.timestep_group],
            [scene.as_dict() for scene in context.calibration],
        )
        blob = context.products.find(key)
        if blob is None:
            samples: dict[str, dict[float, list[torch.Tensor]]] = defaultdict(dict)
            first: dict[str, list[float]] = {}
            total = len(context.calibration) + 1
            yield Progress(stage=self.name, done=0, total=total)
            for index, scene in enumerate(context.calibration):
                _collect(context, scene, samples, first)
                yield Progress(stage=self.name, done=index + 1, total=total)
            data = save(_search(context, samples, first))
            context.products.product(key, "safetensors", lambda: data)
            context.products.product(key + "-histograms", "npz", lambda: _histograms(samples))
        found = load(context.products.read(key))
        context.activations = _read(found, context.plan)
        context.result["histograms"] = context.products.find(key + "-histograms")
        outliers = [name for name, pairs in context.activations.items() if pairs.first_token_fp]
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
def _collect(context: Context, scene: Any, samples: Any, first: dict[str, list[float]]) -> None:
    """Adds a strided sample and the extremes of every planned layer's input, per timestep."""
    trajectory = context.trajectories[scene.id]
    predict = predictor(context.model, scene)
    now = 0.0

    def see(name: str, x: torch.Tensor) -> None:
        layer = context.plan[name]
        if layer.role == CONDITIONING:
            seen = first.setdefault(name, [0.0, 0.0])
            seen[0] = max(seen[0], x[:, 0].abs().max().item())
            seen[1] = max(seen[1], x[:, 1:].abs().max().item())
        timestep = now if layer.per_timestep and context.config.per_timestep else _ANY
        if layer.role == CONDITIONING and samples[name]:
            return  # the text embedding is the same at every timestep of a scene
        flat = x.detach().flatten()
        stride = max(1, len(flat) // SAMPLES_PER_CALL)
        picked = torch.cat((flat[::stride], flat.min().view(1), flat.max().view(1)))
        samples[name].setdefault(timestep, []).append(picked.to("cpu", torch.float32))

    with tap_inputs(context.model.network, _planned(context.plan), see):
        branches = trajectory.outputs.shape[1]
        for x, timestep in zip(trajectory.x, trajectory.timesteps, strict=True):
            now = timestep.item()
            predict(x.expand(branches, *x.shape), timestep.to(torch.int64))


def _search(context: Context, samples: Any, first: dict[str, list[float]]) -> dict:
    """Per layer float64 [P, 4]: timestep, scale, inverse scale, zero point; and its outlier."""
    tensors: dict[str, torch.Tensor] = {}
    for name, by_timestep in samples.items():
        spec = context.plan[name].activation
        assert spec is not None
        outlier = 0.0
        if name in first and first[name][0] > OUTLIER_RATIO * first[name][1]:
            outlier = 1.0
        rows = []
        for timesteps in batched(sorted(by_timestep), context.config.timestep_group):
            values = torch.cat([part for t in timesteps for part in by_timestep[t]])
            if outlier:
                values = values[values.abs() <= first[name][1]]
            pair = search_pair(values, spec, context.config.range_search)
            rows += [[t, pair.scale, pair.inverse_scale, pair.zero_point] for t in timesteps]
        tensors[f"{name}.pairs"] = torch.tensor(rows, dtype=torch.float64)
        tensors[f"{name}.outlier"] = torch.tensor(outlier)
    return tensors


def _read(tensors: dict[str, torch.Tensor], plan: dict[str, LayerPlan]) -> dict:
    from sdqviz.quant.observers import ActivationPair

    activations = {}
    for name in _planned(plan):
        spec = plan[name].activation
        assert spec is not None
        pairs = {
            t: ActivationPair(scale, inverse, int(zero))
            for t, scale, inverse, zero in tensors[f"{name}.pairs"].tolist()
        }
        activations[name] = ActivationPairs(pairs, spec, bool(tensors[f"{name}.outlier"]))
    return activations


def _histograms(samples: Any) -> bytes:
    """An npz: per layer `NAME|edges` float32 [65], `NAME|timesteps` [T], `NAME|counts` [T, 64].

    The edges are shared by all timesteps of a layer, so that rows can be compared.
    """
    arrays: dict[str, np.ndarray] = {}
    for name, by_timestep in samples.items():
        values = {t: torch.cat(parts).numpy() for t, parts in by_timestep.items()}
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
