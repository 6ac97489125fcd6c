"""Which engine is the fastest for a layer on this GPU: measured once for each shape, and kept.

The integer engines give the same bits, so the choice changes nothing but the time. The plain layer
in the input's own dtype is timed beside them: it tells where W4A8 costs time on this GPU.
"""

import functools
import json
import logging
import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

from sdqviz.base.settings import home_folder
from sdqviz.kernels.contract import DeviceEngine, Engine, Operands, serving
from sdqviz.quant.ranges import ActivationRange
from sdqviz.quant.spec import ActivationSpec

FP = "fp"  # the plain layer, among the engines' names
FOLDER = "engines"  # of the data folder
_WARM, _CALLS, _ROUNDS = 3, 10, 3


class Timings:
    """Seconds by layer shape and engine on one kind of GPU, in a JSON file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._rows: dict[str, dict[str, float]] = {}
        if file.is_file():
            self._rows = json.loads(file.read_text(encoding="utf-8"))

    def of(self, shape: str) -> dict[str, float]:
        return dict(self._rows.get(shape, {}))

    def keep(self, shape: str, seconds: dict[str, float]) -> None:
        """Adds these and writes the file; another process's rows of meanwhile stay."""
        if not self._rows:
            logging.getLogger(__name__).warning(
                "timing the engines once for each layer shape on this GPU, which takes minutes at"
                " first use; kept in %s",
                self.file,
            )
        others = json.loads(self.file.read_text(encoding="utf-8")) if self.file.is_file() else {}
        self._rows = {**others, **self._rows, shape: {**self.of(shape), **seconds}}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        new = self.file.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps(self._rows, indent=1, sort_keys=True), encoding="utf-8")
        new.replace(self.file)


@functools.cache
def timings_of(gpu: str) -> Timings:
    """Those of a GPU of this name, with this torch."""
    name = re.sub(r"[^a-z0-9]+", "-", f"{gpu} torch {torch.__version__}".lower()).strip("-")
    return Timings(home_folder() / FOLDER / f"{name}.json")


def worth_measuring(x: torch.Tensor, best: Engine) -> bool:
    """Whether several engines may serve x, and now is a time to time them."""
    return (
        x.is_cuda
        and hasattr(best, "run_rows")
        and not torch.compiler.is_compiling()
        and not torch.cuda.is_current_stream_capturing()
    )


def fastest(
    x: torch.Tensor,
    operands: Operands,
    spec: ActivationSpec,
    packed: bool,
    timings: Timings | None = None,
) -> Engine:
    """The integer engine that takes the least time for inputs like x.

    packed: only engines that read the codes as they are, if there is one. timings: this GPU's,
    unless others are given.
    """
    engines = candidates(x.device, operands, spec)
    compact = [e for e in engines if e.compact(operands.spec)]  # type: ignore[attr-defined]
    allowed = compact if packed and compact else engines
    if len(allowed) == 1:
        return allowed[0]
    seconds = measured(x, operands, spec, allowed, timings)
    return min(allowed, key=lambda engine: seconds[engine.name])


def candidates(
    device: torch.device, operands: Operands, spec: ActivationSpec
) -> list[DeviceEngine]:
    """The engines that serve this layer from ranges on the device."""
    served, _ = serving(device, spec, operands)
    return [engine for engine in served if hasattr(engine, "run_rows")]  # type: ignore[misc]


def prefers_fp(
    x: torch.Tensor, operands: Operands, spec: ActivationSpec, timings: Timings | None = None
) -> bool:
    """Whether the plain layer in x's dtype takes less time than every engine."""
    engines = candidates(x.device, operands, spec)
    seconds = measured(x, operands, spec, engines, timings)
    return seconds[FP] < min(seconds[engine.name] for engine in engines)


def measured(
    x: torch.Tensor,
    operands: Operands,
    spec: ActivationSpec,
    engines: Sequence[DeviceEngine],
    timings: Timings | None = None,
) -> dict[str, float]:
    """Seconds of a call by engine, and of the plain layer; looked up, or measured and kept."""
    if timings is None:
        timings = timings_of(torch.cuda.get_device_name(x.device))
    shape = shape_name(x, operands)
    known = timings.of(shape)
    new: dict[str, float] = {}
    for engine in engines:
        if engine.name not in known:
            new[engine.name] = _seconds_of(engine, x, operands, spec)
    if FP not in known:
        new[FP] = timed(plain_layer(x, operands), x.device)
    if new:
        timings.keep(shape, new)
    return {**known, **new}


def shape_name(x: torch.Tensor, operands: Operands) -> str:
    """What the time hangs on, in words."""
    outputs, taps, inputs = operands.shape
    kind = f"linear {x.numel() // max(1, inputs)} rows"
    if operands.conv is not None:
        last = x.is_contiguous(memory_format=torch.channels_last)
        kind = (
            f"convolution {len(x)}x{x.shape[2]}x{x.shape[3]} stride {operands.conv.stride[0]}"
            f" channels {'last' if last else 'first'}"
        )
    dtype = str(x.dtype).removeprefix("torch.")
    weights = f"{operands.spec.bits} bits group {operands.spec.group}"
    return f"{kind}, {inputs} to {outputs}, {taps} taps, {weights}, {dtype}"


def plain_layer(x: torch.Tensor, operands: Operands) -> Callable[[], torch.Tensor]:
    """The layer that is not quantized, with this layer's weights in x's dtype."""
    weight = (operands.scale.view(-1, 1, 1) * operands.w8()).to(x.dtype)
    bias = None if operands.bias is None else operands.bias.to(x.dtype)
    conv = operands.conv
    if conv is None:
        matrix = weight.squeeze(1)
        return lambda: F.linear(x, matrix, bias)
    kernel = weight.unflatten(1, conv.kernel).permute(0, 3, 1, 2)
    if not x.is_contiguous(memory_format=torch.channels_last):
        kernel = kernel.contiguous()
    return lambda: F.conv2d(x, kernel, bias, stride=conv.stride, padding=conv.padding)


def timed(call: Callable[[], Any], device: torch.device) -> float:
    """Seconds of one call, the least of some rounds of calls back to back on a GPU."""
    rounds = []
    with torch.cuda.device(device):
        for _ in range(_WARM):
            call()
        for _ in range(_ROUNDS):
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            for _ in range(_CALLS):
                call()
            end.record()
            end.synchronize()
            rounds.append(start.elapsed_time(end) / 1e3 / _CALLS)
    return min(rounds)


def _seconds_of(
    engine: DeviceEngine, x: torch.Tensor, operands: Operands, spec: ActivationSpec
) -> float:
    prepared = engine.prepare(operands)
    rows = ActivationRange(0.05, 20.0, 128).row_on(x.device)
    return timed(lambda: engine.run_rows(x, prepared, rows, spec), x.device)


def summary(home: Path) -> list[dict[str, Any]]:
    """Per file of timings: {gpu, shapes, fastest: {engine: shapes}, fp_faster: shapes}."""
    rows = []
    for file in sorted((home / FOLDER).glob("*.json")):
        shapes = json.loads(file.read_text(encoding="utf-8")).values()
        engines = [{n: s for n, s in seconds.items() if n != FP} for seconds in shapes]
        best = [min(seconds, key=lambda n, s=seconds: s[n]) for seconds in engines]
        faster = [s[FP] < min(own.values()) for s, own in zip(shapes, engines, strict=True)]
        rows.append(
            {
                "gpu": file.stem,
                "shapes": len(shapes),
                "fastest": dict(Counter(best)),
                "fp_faster": sum(faster),
            }
        )
    return rows
