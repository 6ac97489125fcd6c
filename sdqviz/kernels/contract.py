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
    """One implementation. `refusal` gives the reason why it cannot serve here, or None.

    Beside what stands here it may define `layer_refusal(operands)`, where it serves some layers
    only; `compact(spec)`, whether what it prepares for weights of this spec is small beside their
    codes; `run_rows` (see `DeviceEngine`); and `multiply`, `run` from uint8 codes on.
    """

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


class DeviceEngine(Engine, Protocol):
    """An engine that reads the ranges on the device, so that no value travels to it by a call."""

    def run_rows(
        self, x: torch.Tensor, prepared: Any, ranges: torch.Tensor, spec: ActivationSpec
    ) -> torch.Tensor:
        """As `run`; ranges float32 [1, 3] or one for each sample, [B, 3], on x's device:
        (inverse scale, zero point, scale).
        """
        ...


def named_engine(name: str, device: torch.device, spec: ActivationSpec) -> Engine:
    """The engine of this name; raises SdqvizError where there is none, or it does not serve."""
    engine: Engine = named(PACKAGE, "ENGINE", name)
    reason = engine.refusal(device, spec)
    if reason is not None:
        raise SdqvizError(f"engine {name} does not serve here: {reason}", "see: sdqviz doctor")
    return engine


def serving(
    device: torch.device, spec: ActivationSpec, operands: Operands | None = None
) -> tuple[list[Engine], dict[str, str]]:
    """The engines that serve here (this layer, if one is given), the best first; and the reason of
    each that does not.
    """
    served: list[Engine] = []
    refusals: dict[str, str] = {}
    for engine in sorted(found(PACKAGE, "ENGINE").values(), key=lambda e: -e.rank):
        reason = engine.refusal(device, spec) or refused_layer(engine, operands)
        if reason is None:
            served.append(engine)
        else:
            refusals[engine.name] = reason
    return served, refusals


def refused_layer(engine: Engine, operands: Operands | None) -> str | None:
    """Why this engine cannot serve this layer."""
    own = getattr(engine, "layer_refusal", None)
    return None if own is None or operands is None else own(operands)


def choose_engine(
    device: torch.device, spec: ActivationSpec, operands: Operands | None = None
) -> tuple[Engine, dict[str, str]]:
    """The best engine that serves here, and the reason of each better one that does not."""
    served, refusals = serving(device, spec, operands)
    if not served:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in refusals.items())
        raise SdqvizError("no engine serves here", reasons)
    better = {e.name for e in found(PACKAGE, "ENGINE").values() if e.rank > served[0].rank}
    return served[0], {name: why for name, why in refusals.items() if name in better}
