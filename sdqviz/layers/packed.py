"""Layers that hold 4-bit codes and compute through an engine."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from sdqviz.kernels.contract import ConvShape
from sdqviz.layers.compiled_weight import CompiledWeight
from sdqviz.layers.current_call import CurrentCall
from sdqviz.layers.ranges import ActivationRanges
from sdqviz.quant.numerics import multiply_channels
from sdqviz.quant.spec import WeightSpec

REMEMBERED = 64  # outputs that a remembered layer keeps, or a scene's steps if they are more


class PackedLayer(CompiledWeight):
    """A linear or convolution with packed weights.

    Without ranges the layer is weight-only: the weight is expanded to the input's dtype and the
    activations stay as they are. A remembered layer's input is fixed by the timestep and the
    pooled text alone: its output is computed once for each.
    """

    def __init__(
        self,
        *,
        shape: tuple[int, int, int],
        weight_spec: WeightSpec,
        bias: bool,
        conv: ConvShape | None,
        activations: ActivationRanges | None,
        current_call: CurrentCall,
        remembered: bool = False,
    ) -> None:
        super().__init__(
            shape=shape,
            weight_spec=weight_spec,
            bias=bias,
            conv=conv,
            activations=activations,
            current_call=current_call,
        )
        self.remembered = remembered
        self._memory: dict[tuple[bytes, torch.dtype], torch.Tensor] = {}

    def _forget(self) -> None:
        super()._forget()
        self._memory = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_memory": {}}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: [B, ..., I] or [B, I, H, W]; returns the same dtype with O channels."""
        if torch.compiler.is_compiling():
            return self._traced(x)
        if self.remembered and (moment := self.current_call.moment) is not None:
            return self._remember(x, (moment, x.dtype))
        if self.activations is None:
            return self._weight_only(x)
        if self.activations.static:
            return self._one_timestep(x, 0.0)
        timesteps = self.current_call.read()
        if self.current_call.uniform:
            return self._one_timestep(x, timesteps[0])
        return self._mixed(x, timesteps)

    def compute(self, x: torch.Tensor, timesteps: list[float]) -> torch.Tensor:
        """As forward, at these timesteps instead of the current call's."""
        if self.activations is None:
            return self._weight_only(x)
        if self.activations.static or len(set(timesteps)) == 1:
            return self._one_timestep(x, timesteps[0])
        return self._mixed(x, timesteps)

    def compute_at(self, x: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
        """As `compute`; the values of timesteps [B] or [1] are read where they matter."""
        if self.activations is None:
            return self._weight_only(x)
        if self.activations.static:
            return self._one_timestep(x, 0.0)
        return self.compute(x, timesteps.to(torch.float64).tolist())

    def compute_rows(self, x: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """As forward with the ranges of `ActivationRanges.rows_at`: waits for no value."""
        assert self.activations is not None
        if self.skips_integers(x):
            return self._plain(x)
        engine, prepared = self.engine(x)
        y = engine.run_rows(x, prepared, rows, self.activations.spec)  # type: ignore[attr-defined]
        return self._with_first_token(x, y)

    def _mixed(self, x: torch.Tensor, timesteps: list[float]) -> torch.Tensor:
        """A batch of mixed timesteps: one engine call per timestep, or one in all."""
        assert self.activations is not None
        if not self.skips_integers(x) and hasattr(self.engine(x)[0], "run_rows"):
            rows = [self.activations.at(t).row_on(x.device) for t in timesteps]
            return self.compute_rows(x, torch.cat(rows))
        parts: list[torch.Tensor | None] = [None] * len(timesteps)
        for timestep in set(timesteps):
            rows = [i for i, t in enumerate(timesteps) if t == timestep]
            for row, y in zip(rows, self._one_timestep(x[rows], timestep), strict=True):
                parts[row] = y
        return torch.stack([part for part in parts if part is not None])

    def _remember(self, x: torch.Tensor, moment: tuple[bytes, torch.dtype]) -> torch.Tensor:
        found = self._memory.get(moment)
        return self.remember({moment[0]: x})[moment] if found is None else found

    def remember(
        self, vectors: Mapping[bytes, torch.Tensor]
    ) -> dict[tuple[bytes, torch.dtype], torch.Tensor]:
        """The outputs of these inputs, by moment, remembered from now on. The weight is expanded
        once for all that are new, and dropped again.
        """
        asked = {(moment, x.dtype): x for moment, x in vectors.items()}
        held = {key: self._memory.get(key) for key in asked}
        found = {key: output for key, output in held.items() if output is not None}
        new = {key: x for key, x in asked.items() if key not in found}
        kept = max(REMEMBERED, len(asked)) - len(new)
        others = [key for key in list(self._memory) if key not in asked]  # the oldest first
        for key in others[: max(0, len(self._memory) - kept)]:
            self._memory.pop(key, None)  # another thread may have been here
        if new:
            weight = self._real_weight()
            for key, x in new.items():  # one by one: a larger product has other last bits
                self._memory[key] = found[key] = self._times_weight(x, weight)
            self._w8 = None  # not needed again before the next scene
        return found

    def _one_timestep(self, x: torch.Tensor, timestep: float) -> torch.Tensor:
        assert self.activations is not None
        ranges = self.activations
        if self.skips_integers(x):
            return self._plain(x)
        engine, prepared = self.engine(x)
        y = engine.run(x, prepared, ranges.at(timestep), ranges.spec)
        return self._with_first_token(x, y)

    def _with_first_token(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        ranges = self.activations
        for row in ranges.outliers(x.shape[-2]) if ranges is not None else ():
            # The begin-of-text token is an outlier: its row keeps FP activations.
            first = multiply_channels(x[..., row, :].to(torch.float32), ranges.factor)
            y[..., row, :] = self._weight_only(first).to(y.dtype)
        return y

    def _plain(self, x: torch.Tensor) -> torch.Tensor:
        """The layer without integers: its input as it is, but for the channels' factors."""
        assert self.activations is not None
        return self._weight_only(multiply_channels(x, self.activations.factor).to(x.dtype))

    def _weight_only(self, x: torch.Tensor) -> torch.Tensor:
        return self._times_weight(x, self.weight_in(x.dtype))

    def _times_weight(self, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        weight = weight.to(x.dtype)
        bias = None if self.bias is None else self.bias.to(x.dtype)
        if self.conv is None:
            return nn.functional.linear(x, weight.squeeze(1), bias)
        kernel = weight.unflatten(1, self.conv.kernel).permute(0, 3, 1, 2)
        return nn.functional.conv2d(
            x, kernel, bias, stride=self.conv.stride, padding=self.conv.padding
        )
