"""A packed layer under torch.compile: operators for what it does, between them what is traced."""

from typing import Any

import torch

from sdqviz.layers.compiled import (
    call_multiply,
    call_opaque,
    call_ranges,
    call_rows,
    enlist,
    takes_codes,
    takes_rows,
)
from sdqviz.layers.current_call import CurrentCall
from sdqviz.layers.served_weight import ServedWeight
from sdqviz.quant.numerics import multiply_channels
from sdqviz.quant.ranges import ActivationRange


class CompiledWeight(ServedWeight):
    """What the operators of `layers.compiled` ask of a layer, but for its `compute`."""

    def __init__(self, *, current_call: CurrentCall, **stored: Any) -> None:
        """Takes the call that its network is in, and what `StoredWeight` takes."""
        super().__init__(**stored)
        self.current_call = current_call
        self._number = enlist(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._number = enlist(self)  # a copy is another module

    def _traced(self, x: torch.Tensor) -> torch.Tensor:
        """As the compiler sees it. Where the engine takes codes, the rounding is traced, and
        fused with what made x; where it reads ranges on the device, no value comes from there.
        """
        timesteps = _timesteps(self.current_call, x)
        ranges = self.activations
        if ranges is not None and takes_rows(self._number):
            return call_rows(x, ranges.rows_at(timesteps.to(x.device)), self._number)
        if ranges is None or ranges.first_token_fp or not takes_codes(self._number):
            return call_opaque(x, timesteps, self._number)
        own = call_ranges(timesteps, self._number).to(x.device)
        inverse_scale, zero_point, _ = own.view(len(own), 3, *(1,) * (x.dim() - 1)).unbind(1)
        scaled = torch.round(multiply_channels(x, ranges.factor).to(torch.float32) * inverse_scale)
        codes = (scaled + zero_point).clamp(0, ranges.spec.high).to(torch.uint8)
        return call_multiply(codes, own, self._number, x.dtype)

    def ranges_at(self, timesteps: list[float]) -> list[tuple[float, float, float]]:
        """(inverse scale, zero point, scale) of each timestep."""
        assert self.activations is not None
        found = [self.activations.at(timestep) for timestep in timesteps]
        return [(p.inverse_scale, float(p.zero_point), p.scale) for p in found]

    def multiply(
        self, codes: torch.Tensor, ranges: list[tuple[float, float, float]], dtype: torch.dtype
    ) -> torch.Tensor:
        """From the input's codes on; one range for all samples, or one for each."""
        engine, prepared = self.engine()
        found = [ActivationRange(scale, inverse, int(zero)) for inverse, zero, scale in ranges]
        if len(set(ranges)) == 1:
            return engine.multiply(codes, prepared, found[0], dtype)  # type: ignore[attr-defined]
        rows = zip(codes.split(1), found, strict=True)
        return torch.cat([engine.multiply(row, prepared, p, dtype) for row, p in rows])  # type: ignore[attr-defined]

    def like_output(self, x: torch.Tensor) -> torch.Tensor:
        """An empty tensor as forward returns for x; pictures are channels-last."""
        out = self.shape[0]
        if self.conv is None:
            return x.new_empty(*x.shape[:-1], out)
        conv = self.conv
        sides = [
            (side + 2 * pad - kernel) // stride + 1
            for side, pad, kernel, stride in zip(
                x.shape[2:], conv.padding, conv.kernel, conv.stride, strict=True
            )
        ]
        empty = x.new_empty(x.shape[0], out, *sides)
        return empty.to(memory_format=torch.channels_last)


def _timesteps(current_call: CurrentCall, x: torch.Tensor) -> torch.Tensor:
    """The call's timesteps as the compiler sees them; a weight-only layer may have none."""
    return x.new_zeros(1) if current_call.tensor is None else current_call.tensor
