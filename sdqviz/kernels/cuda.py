"""What the engines on NVIDIA GPUs share: whether they serve, and ranges that stay on the device."""

import functools
import importlib.util
from typing import Any

import torch

from sdqviz.kernels.contract import ConvShape, DeviceEngine, Operands
from sdqviz.kernels.eager import ENGINE as EAGER
from sdqviz.quant.numerics import quantize_weight
from sdqviz.quant.pack import pack_weight
from sdqviz.quant.ranges import ActivationRange
from sdqviz.quant.spec import ActivationSpec, WeightSpec

AMPERE = (8, 0)  # the first generation for which Triton makes s8 products


class CudaEngine:
    """An engine needs a `prepare` and a `run_rows`."""

    name = ""
    arithmetic = "integer"
    packages: tuple[str, ...] = ()

    def refusal(self, device: torch.device, spec: ActivationSpec) -> str | None:
        if device.type != "cuda":
            return f"it computes on NVIDIA GPUs, the model is on {device.type}"
        if not torch.cuda.is_available():
            return "torch sees no NVIDIA GPU"
        if torch.version.hip is not None:
            return "it computes on NVIDIA GPUs, this is a ROCm build of torch"
        for package in self.packages:
            if importlib.util.find_spec(package) is None:
                return f"{package} is not installed"
        capability = torch.cuda.get_device_capability(device)
        if capability < AMPERE:
            return f"compute capability is {capability[0]}.{capability[1]}, it needs 8.0 or more"
        index = torch.cuda.current_device() if device.index is None else device.index
        return _unusable(self, index)

    def run(
        self, x: torch.Tensor, prepared: Any, pair: ActivationRange, spec: ActivationSpec
    ) -> torch.Tensor:
        return self.run_rows(x, prepared, pair.row_on(x.device), spec)

    def run_rows(
        self, x: torch.Tensor, prepared: Any, ranges: torch.Tensor, spec: ActivationSpec
    ) -> torch.Tensor:
        raise NotImplementedError


@functools.cache
def _unusable(engine: DeviceEngine, index: int) -> str | None:
    """Why a product on this very GPU cannot be made, or None once one came out right."""
    try:
        wrong = probe(engine, torch.device("cuda", index))
    except Exception as error:  # a compiler, a driver, an operator: whatever it raises, say it
        first = str(error).strip().splitlines()[:1] or [type(error).__name__]
        return f"a small product fails on this GPU: {first[0]}"
    return "a small product comes out wrong on this GPU" if wrong else None


def probe(engine: DeviceEngine, device: torch.device) -> bool:
    """Whether a small product of this engine on this device differs from the reference's bits."""
    generator = torch.Generator().manual_seed(0)
    spec = WeightSpec(bits=4, group=32)
    weight = torch.randn(16, 1, 64, generator=generator)
    given = {
        **pack_weight(quantize_weight(weight, spec)),
        "bias": torch.randn(16, generator=generator),
    }
    x = torch.randn(2, 16, 64, generator=generator)
    pair = ActivationRange(0.037, (1 / torch.tensor(0.037)).item(), 131)

    def computed(own: Any, place: torch.device) -> torch.Tensor:
        tensors = {name: tensor.to(place) for name, tensor in given.items()}
        bias = tensors.pop("bias")
        operands = Operands(shape=(16, 1, 64), spec=spec, tensors=tensors, bias=bias, conv=None)
        return own.run(x.to(place), own.prepare(operands), pair, ActivationSpec()).cpu()

    return not torch.equal(computed(engine, device), computed(EAGER, torch.device("cpu")))


def output_like(x: torch.Tensor, outputs: int, shape: tuple[int, int, int]) -> torch.Tensor:
    """An empty picture batch [B, O, H, W] in x's dtype and memory format, for `shape` (B, H, W)."""
    batch, height, width = shape
    last = x.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if last else torch.contiguous_format
    return torch.empty(
        (batch, outputs, height, width), dtype=x.dtype, device=x.device, memory_format=layout
    )


def is_point(conv: ConvShape | None) -> bool:
    """Whether a layer is a plain matrix product: a linear, or a convolution of one tap."""
    return conv is None or (
        conv.kernel == (1, 1) and conv.stride == (1, 1) and conv.padding == (0, 0)
    )
