"""XL's layers, shape by shape: seconds of float16 and of each engine, and their ratio."""

from collections.abc import Iterator
from pathlib import Path

import torch

from sdqviz.bench.networks import size_named
from sdqviz.kernels.contract import Operands
from sdqviz.kernels.measured import FP, Timings, candidates, measured
from sdqviz.quant.pack import packed_shapes
from sdqviz.quant.spec import ActivationSpec
from tests.gpu.part import Part, Row
from tests.gpu.shapes import LayerShape, layer_shapes

SPEC = ActivationSpec()


def measure(out: Path, seconds: float) -> Iterator[list[Row]]:
    """The shapes that take the most time first, so that what is cut off matters least."""
    device, timings = torch.device("cuda"), Timings(out / "layer-timings.json")
    counted = layer_shapes(size_named("sdxl"))
    rows: list[Row] = []
    whole = {"layers": 0, FP: 0.0, "best": 0.0}
    for shape, count in sorted(counted.items(), key=lambda item: -item[1] * item[0].products):
        operands, x = random_operands(shape, device), torch.randn(shape.input, device=device)
        x = x.to(torch.float16)
        if shape.conv is not None:
            x = x.contiguous(memory_format=torch.channels_last)
        engines = candidates(device, operands, SPEC)
        taken = measured(x, operands, SPEC, engines, timings)
        best = min((engine.name for engine in engines), key=lambda name: taken[name])
        rows.append(
            {
                "layer": name_of(shape),
                "times": count,
                "float16, ms": 1e3 * taken[FP],
                **{f"{engine.name}, ms": 1e3 * taken[engine.name] for engine in engines},
                "best": best,
                "float16 / best": taken[FP] / taken[best],
                "best, TOPS": 2 * shape.products / taken[best] / 1e12,
            }
        )
        whole["layers"] += count
        whole[FP] += count * taken[FP]
        whole["best"] += count * taken[best]
        yield [*rows, _sum(whole)]


def _sum(whole: dict[str, float]) -> Row:
    return {
        "layer": "all of these",
        "times": whole["layers"],
        "float16, ms": 1e3 * whole[FP],
        "best": "the best of each",
        "float16 / best": whole[FP] / whole["best"],
    }


def random_operands(shape: LayerShape, device: torch.device) -> Operands:
    """A layer of this shape with random codes."""
    tensors: dict[str, torch.Tensor] = {}
    for name, size in packed_shapes(shape.shape, shape.spec).items():
        if name == "scale":
            tensors[name] = torch.full(size, 1e-3, device=device)
        elif name == "codes" and shape.spec.bits > 4:
            tensors[name] = torch.randint(-127, 128, size, dtype=torch.int8, device=device)
        else:
            kind = {"dtype": torch.uint8, "device": device}
            tensors[name] = torch.randint(0x11, 0xFF, size, **kind)  # multipliers are 1 to 15
    if "multipliers" in tensors:
        tensors["multipliers"].fill_(0x77)
    return Operands(
        shape=shape.shape,
        spec=shape.spec,
        tensors=tensors,
        bias=torch.zeros(shape.shape[0], device=device),
        conv=shape.conv,
    )


def name_of(shape: LayerShape) -> str:
    outputs, _, inputs = shape.shape
    kind = "linear" if shape.conv is None else f"{shape.conv.kernel[0]}x{shape.conv.kernel[1]}"
    stride = "" if shape.conv is None or shape.conv.stride == (1, 1) else ", stride 2"
    return f"{kind}{stride}, {inputs} to {outputs}, input {'x'.join(map(str, shape.input))}"


PART = Part(
    name="layers", label="XL's layers, shape by shape", order=4, seconds=100, measure=measure
)
