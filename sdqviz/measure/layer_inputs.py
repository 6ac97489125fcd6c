"""Both models' layers on the same latents: what enters each, and how far their outputs part."""

import io
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from sdqviz.base.scene import Scene
from sdqviz.diffusion.timesteps import as_taken
from sdqviz.families.predictor import predictor
from sdqviz.layers.convert import packed_layers
from sdqviz.layers.packed import PackedLayer
from sdqviz.layers.taps import tap_inputs
from sdqviz.measure.layer_errors import LayerErrors
from sdqviz.measure.sampled_values import SampledValues
from sdqviz.products.context import Context
from sdqviz.products.trajectories import teacher_trajectory
from sdqviz.quant.numerics import multiply_channels

FP, STUDENT = "fp", "student"


def layer_inputs(
    context: Context, student: nn.Module, scene: Scene, shown: bytes
) -> Generator[int, None, bytes]:
    """An npz of both models fed the FP model's latents of one scene (replay): per layer `NAME|fp`
    and `NAME|student`, uint32 [T, 64] counts, and the arrays of `LayerErrors`. Yields how many
    network calls are done.

    Bins and timesteps of the counts are those of `shown`, the calibration's histograms; a layer
    with one range for any timestep has one row.
    """
    teacher = context.model.network
    trajectory = teacher_trajectory(context, scene)
    packed = packed_layers(student)
    counts = {who: _Counts(packed, shown) for who in (FP, STUDENT)}
    errors = LayerErrors(packed, trajectory.timesteps.tolist())
    predict = {
        teacher: predictor(context.model, scene, teacher),
        student: predictor(context.model, scene, student),
    }
    with torch.no_grad():  # what is remembered for the whole scene is filled before anyone looks
        predict[student](trajectory.x[0][None], as_taken(trajectory.timesteps[0]))
    with (
        counts[FP].watch(teacher),
        counts[STUDENT].watch(student),
        errors.watch(teacher, student),
    ):
        for call, (x, timestep) in enumerate(zip(trajectory.x, trajectory.timesteps, strict=True)):
            both = x.expand(trajectory.branches, *x.shape)
            for own in counts.values():
                own.now = timestep.item()
            errors.call = call
            with torch.no_grad():
                for network in (teacher, student):  # the student's outputs are held against these
                    predict[network](both, as_taken(timestep))
            yield call + 1
    arrays = {
        f"{name}|{who}": rows for who, own in counts.items() for name, rows in own.rows.items()
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays, **errors.arrays())  # type: ignore[arg-type]
    return buffer.getvalue()


class _Counts:
    """Counts of the values that enter each layer of one model, after equalisation. Both models'
    are drawn from the same places of the same calls.
    """

    def __init__(self, packed: dict[str, PackedLayer], shown: bytes) -> None:
        with np.load(io.BytesIO(shown)) as known:
            names = [key.removesuffix("|edges") for key in known.files if key.endswith("|edges")]
            self._edges = {name: known[f"{name}|edges"] for name in names}
            self._timesteps = {name: known[f"{name}|timesteps"].tolist() for name in names}
        self._packed = packed
        self._values = SampledValues()
        self.now = 0.0
        self.rows = {
            name: np.zeros((len(self._timesteps[name]), len(edges) - 1), np.uint32)
            for name, edges in self._edges.items()
        }

    @contextmanager
    def watch(self, network: nn.Module) -> Iterator[None]:
        """Counts every call of the network while the context lasts."""
        with tap_inputs(network, self.rows, self._see):
            yield

    def _see(self, name: str, x: torch.Tensor) -> None:
        own = self._timesteps[name]
        row = own.index(self.now) if self.now in own else 0 if own[0] != own[0] else None
        if row is None:
            return  # a timestep that calibration did not meet
        activations = self._packed[name].activations
        if activations is not None:
            x = multiply_channels(x, activations.factor)
        edges = self._edges[name]
        clipped = self._values.of(name, x).numpy().clip(edges[0], edges[-1])
        self.rows[name][row] += np.histogram(clipped, edges)[0].astype(np.uint32)
