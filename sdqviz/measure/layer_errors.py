"""How far each layer's output is from the FP layer's, at each call of one scene's replay.

Two errors, both |difference|^2 / |FP output|^2. `own`: the quantized layer on the FP layer's very
input, what its own rounding costs. `replay`: inside the quantized network, with what the layers
before it have added. A layer with a small `own` and a large `replay` only carries an error on.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import torch
from torch import nn

from sdqviz.layers.packed import PackedLayer
from sdqviz.measure.sampled_values import SampledValues

_NOTHING = 1e-20  # an output of zeros has no power to divide by


class LayerErrors:
    """Watches both networks; the FP one must be called first at each `call`."""

    def __init__(self, packed: dict[str, PackedLayer], timesteps: list[float]) -> None:
        self.call = 0  # index of the network call that comes next
        self._packed = packed
        self._timesteps = timesteps
        self._rows = {name: row for row, name in enumerate(packed)}
        self._fp_values, self._student_values = SampledValues(), SampledValues()
        self._given: dict[str, torch.Tensor] = {}  # the FP network's outputs, at the places drawn
        shape = (len(packed), len(timesteps))
        self._own = np.full(shape, np.nan, np.float32)
        self._replay = np.full(shape, np.nan, np.float32)

    @contextmanager
    def watch(self, teacher: nn.Module, student: nn.Module) -> Iterator[None]:
        with ExitStack() as stack:
            for name, layer in self._packed.items():

                def fp(_module, inputs, output, name=name, layer=layer) -> None:
                    self._given[name] = self._fp_values.of(name, output)
                    self._own[self._rows[name], self.call] = self._alone(layer, inputs[0], output)

                def quantized(_module, _inputs, output, name=name) -> None:
                    seen = self._student_values.of(name, output)
                    error = _relative(seen, self._given.pop(name))
                    self._replay[self._rows[name], self.call] = error

                handles = (
                    teacher.get_submodule(name).register_forward_hook(fp),
                    student.get_submodule(name).register_forward_hook(quantized),
                )
                for handle in handles:
                    stack.callback(handle.remove)
            yield

    def _alone(self, layer: PackedLayer, x: torch.Tensor, output: torch.Tensor) -> float:
        error = _relative(layer.compute(x, [self._timesteps[self.call]]), output)
        if layer.remembered:
            layer.keep(layer.resident)  # it computes once a timestep: its weights are not kept
        return error

    def arrays(self) -> dict[str, np.ndarray]:
        """`layers` str [L]; `timesteps` float64 [S], the first call first; `own` and `replay`
        float32 [L, S].
        """
        return {
            "layers": np.array(list(self._rows)),
            "timesteps": np.array(self._timesteps),
            "own": self._own,
            "replay": self._replay,
        }


def _relative(value: torch.Tensor, target: torch.Tensor) -> float:
    """|value - target|^2 / |target|^2, summed in float32."""
    target = target.to(torch.float32)
    power = target.square().mean().clamp(min=_NOTHING)
    return ((value.to(torch.float32) - target).square().mean() / power).item()
