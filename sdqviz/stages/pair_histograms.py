"""What enters each layer of both models on the same latents: histograms to lay over each other."""

import io

import numpy as np
import torch
from torch import nn

from sdqviz.base.keys import seed_from
from sdqviz.base.scene import Scene
from sdqviz.families.predictor import predictor
from sdqviz.layers.convert import packed_layers
from sdqviz.layers.taps import tap_inputs
from sdqviz.quant.numerics import multiply_channels
from sdqviz.stages.contract import Context
from sdqviz.stages.record import teacher_trajectory

SAMPLES = 2048  # values of one call's input
FP, STUDENT = "fp", "student"


@torch.no_grad()
def pair_histograms(context: Context, scene: Scene, shown: bytes) -> bytes:
    """An npz: per layer `NAME|fp` and `NAME|student`, uint32 [T, 64] counts.

    Both models are fed the FP model's latents of the scene (replay), and the same places of the
    same calls are sampled, after equalisation. Bins and timesteps are those of `shown`, the
    calibration's histograms; a layer with one range for any timestep has one row.
    """
    assert context.student is not None
    trajectory = teacher_trajectory(context, scene)
    arrays: dict[str, np.ndarray] = {}
    with np.load(io.BytesIO(shown)) as known:
        names = [key.removesuffix("|edges") for key in known.files if key.endswith("|edges")]
        edges = {name: known[f"{name}|edges"] for name in names}
        rows = {name: known[f"{name}|timesteps"].tolist() for name in names}
    packed = packed_layers(context.student)
    now = 0.0

    def watch(who: str, network: nn.Module) -> None:
        nonlocal now
        draws = {n: torch.Generator().manual_seed(seed_from("pair", n)) for n in names}
        for name in names:
            arrays[f"{name}|{who}"] = np.zeros((len(rows[name]), len(edges[name]) - 1), np.uint32)

        def see(name: str, x: torch.Tensor) -> None:
            own = rows[name]
            row = own.index(now) if now in own else 0 if own[0] != own[0] else None
            if row is None:
                return  # a timestep that calibration did not meet
            activations = packed[name].activations
            if activations is not None:
                x = multiply_channels(x, activations.factor)
            values = x.detach().flatten()
            places = torch.randint(len(values), (min(SAMPLES, len(values)),), generator=draws[name])
            sample = values[places.to(values.device)].to("cpu", torch.float32).numpy()
            clipped = sample.clip(edges[name][0], edges[name][-1])
            arrays[f"{name}|{who}"][row] += np.histogram(clipped, edges[name])[0].astype(np.uint32)

        predict = predictor(context.model, scene, network)
        branches = trajectory.outputs.shape[1]
        with tap_inputs(network, names, see):
            for x, timestep in zip(trajectory.x, trajectory.timesteps, strict=True):
                now = timestep.item()
                whole = timestep == timestep.round()
                predict(
                    x.expand(branches, *x.shape), timestep.to(torch.int64) if whole else timestep
                )

    watch(FP, context.model.network)
    watch(STUDENT, context.student)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()
