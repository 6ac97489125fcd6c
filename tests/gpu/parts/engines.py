"""Every engine against the reference's bits, on layers of many shapes; and in a CUDA graph."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from sdqviz.base.registry import found
from sdqviz.kernels.contract import PACKAGE, Operands, refused_layer
from sdqviz.kernels.eager import ENGINE as EAGER
from sdqviz.quant.ranges import ActivationRange
from sdqviz.quant.spec import ActivationSpec
from tests.gpu.part import Part, Row
from tests.kernels.triton_cases import input_of, made, pair_of

SPEC = ActivationSpec()
# (label, what `made` takes): tails, strides, groups, 8-bit weights, then real sizes.
LAYERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("linear, short last group", {"out": 9, "inputs": 40}),
    ("linear, groups of 64", {"out": 264, "inputs": 200, "group": 64}),
    ("linear, groups of 16, factors", {"out": 17, "inputs": 96, "group": 16, "factor": True}),
    ("linear, a scale per channel", {"out": 5, "inputs": 33, "group": 0}),
    ("linear, 8 bits", {"out": 64, "inputs": 320, "bits": 8, "group": 0}),
    ("linear, v1's feed-forward", {"out": 2560, "inputs": 320}),
    ("1x1", {"out": 640, "inputs": 320, "kernel": 1}),
    ("3x3", {"out": 70, "inputs": 40, "kernel": 3, "padding": 1}),
    ("3x3, stride 2", {"out": 32, "inputs": 48, "kernel": 3, "stride": 2, "padding": 1}),
    ("3x3, 8 bits", {"out": 4, "inputs": 320, "kernel": 3, "padding": 1, "bits": 8, "group": 0}),
    ("3x3, v1's widest", {"out": 1280, "inputs": 2560, "kernel": 3, "padding": 1}),
)
DTYPES = (torch.float32, torch.float16, torch.bfloat16)


def on(operands: Operands, device: torch.device) -> Operands:
    """The same layer on a device."""

    def move(tensor: torch.Tensor | None) -> torch.Tensor | None:
        return None if tensor is None else tensor.to(device)

    return replace(
        operands,
        tensors={name: tensor.to(device) for name, tensor in operands.tensors.items()},
        bias=move(operands.bias),
        factor=move(operands.factor),
    )


def differing(
    engine: Any, operands: Operands, x: torch.Tensor, pair: ActivationRange
) -> tuple[int, float]:
    """How many outputs of `engine` on x's device differ from the reference's on the CPU, and the
    largest difference.
    """
    here = on(operands, x.device)
    ours = engine.run(x, engine.prepare(here), pair, SPEC).cpu()
    wanted = EAGER.run(x.cpu(), EAGER.prepare(operands), pair, SPEC)
    different = ours != wanted
    apart = (ours.double() - wanted.double()).abs().nan_to_num(nan=0.0)
    return int(different.sum()), float(apart.max())


def measure(out: Path, seconds: float) -> Iterator[list[Row]]:
    rows: list[Row] = []
    devices = [torch.device("cuda", i) for i in range(torch.cuda.device_count())]
    device = devices[-1]  # not the current one where there are several: the launch must follow x
    engines = [e for e in found(PACKAGE, "ENGINE").values() if not e.refusal(device, SPEC)]
    for label, given in LAYERS:
        operands = made(**given)
        formats = (
            ("contiguous_format", "channels_last") if operands.conv else ("contiguous_format",)
        )
        for engine in engines:
            if refused_layer(engine, operands):
                continue
            count, largest, calls = 0, 0.0, 0
            for dtype in DTYPES:
                for layout in formats:
                    x = input_of(operands, dtype, layout).to(device)
                    for zero in (0, 131, 255):
                        found_here, apart = differing(engine, operands, x, pair_of(zero))
                        count, largest, calls = count + found_here, max(largest, apart), calls + 1
            rows.append(
                {
                    "layer": label,
                    "engine": engine.name,
                    "calls": calls,
                    "outputs that differ": count,
                    "largest difference": largest,
                    "ok": count == 0,
                }
            )
            yield rows
    for engine in engines:
        if hasattr(engine, "run_rows"):
            rows.append({"layer": "in a CUDA graph", "engine": engine.name, "calls": 1})
            rows[-1] |= _recorded(engine, device)
            yield rows


def _recorded(engine: Any, device: torch.device) -> Row:
    """A call recorded once and replayed for another input and another range."""
    operands = on(made(out=64, inputs=64), device)
    x = input_of(operands, torch.float16).to(device)
    prepared = engine.prepare(operands)
    rows = pair_of(131).row_on(device).clone()
    with torch.cuda.device(device):
        stream = torch.cuda.Stream()
        with torch.cuda.stream(stream):  # what is compiled and tuned is not recorded
            engine.run_rows(x, prepared, rows, SPEC)
        stream.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            y = engine.run_rows(x, prepared, rows, SPEC)
        x.copy_(x.flip(1))
        rows.copy_(pair_of(7, 0.05).row_on(device))
        graph.replay()
        torch.cuda.synchronize()
    wanted = EAGER.run(x, EAGER.prepare(operands), pair_of(7, 0.05), SPEC)
    count = int((y != wanted).sum())
    return {"outputs that differ": count, "ok": count == 0}


PART = Part(
    name="engines",
    label="Every engine against the reference's bits",
    order=1,
    seconds=150,
    measure=measure,
)
