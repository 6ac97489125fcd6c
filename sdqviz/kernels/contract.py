"""What an engine computes, and how a layer finds one.

x is first multiplied by the factor of its channel, if the layer has factors. Then
y = float32(acc) * (scale[o] * a) + bias, in that order, with
acc = sum_k w8[o, k] * (x8[k] - z) in exact int32. Zero padding of a convolution pads with z.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import torch

from sdqviz.base.errors import SdqvizError
from sdqviz.base.registry import found, named
from sdqviz.quant.pack import expand_weight
from sdqviz.quant.ranges import ActivationRange
from sdqviz.quant.spec import ActivationSpec, WeightSpec

PACKAGE = "sdqviz.kernels"


@dataclass(frozen=True, kw_only=True)
class ConvShape:
    """Spatial parameters of a convolution, in pixels: (height, width) each."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Operands:
    """The weights of one layer as they are stored, and what else fixes its output.

    shape (O, T, I); tensors as `quant.pack.pack_weight` writes them; bias float32 [O] or None;
    the convolution's shape, None for a linear; the input channels' factors float32 [I] or None.
    """

    shape: tuple[int, int, int]
    spec: WeightSpec
    tensors: dict[str, torch.Tensor]
    bias: torch.Tensor | None
    conv: ConvShape | None
    factor: torch.Tensor | None = None

    @property
    def scale(self) -> torch.Tensor:
        """float32 [O]"""
        return self.tensors["scale"]

    def w8(self) -> torch.Tensor:
        """code * multiplier: int8 [O, T, I], made anew."""
        return expand_weight(self.tensors, self.shape, self.spec)


class Engine(Protocol):
    """One implementation. `refusal` gives the reason why it cannot serve here, or None."""

    name: str
    arithmetic: str  # "integer", or "simulated" when integers are computed as floats
    rank: int  # a higher rank is preferred

    def refusal(self, device: torch.device, spec: ActivationSpec) -> str | None: ...

    def prepare(self, operands: Operands) -> Any:
        """What `run` wants of a layer, made once and kept."""
        ...

    def run(
        self, x: torch.Tensor, prepared: Any, pair: ActivationRange, spec: ActivationSpec
    ) -> torch.Tensor:
        """x: [..., I] for a linear, [B, I, H, W] for a convolution; one timestep per call.

        Returns [..., O] or [B, O, H', W'] in x's dtype.
        """
        ...


def named_engine(name: str, device: torch.device, spec: ActivationSpec) -> Engine:
    """The engine of this name; raises SdqvizError where there is none, or it does not serve."""
    engine: Engine = named(PACKAGE, "ENGINE", name)
    reason = engine.refusal(device, spec)
    if reason is not None:
        raise SdqvizError(f"engine {name} does not serve here: {reason}", "see: sdqviz doctor")
    return engine


def choose_engine(device: torch.device, spec: ActivationSpec) -> tuple[Engine, dict[str, str]]:
    """The best engine that serves here, and the reason of each that does not."""
    refusals: dict[str, str] = {}
    for engine in sorted(found(PACKAGE, "ENGINE").values(), key=lambda e: -e.rank):
        reason = engine.refusal(device, spec)
        if reason is None:
            return engine, refusals
        refusals[engine.name] = reason
    raise SdqvizError("no engine serves here", "; ".join(f"{n}: {r}" for n, r in refusals.items()))
