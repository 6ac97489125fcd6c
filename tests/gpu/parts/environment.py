"""What the machine is, and which engines serve on it."""

import importlib.metadata
import platform
from collections.abc import Iterator
from pathlib import Path

import torch

from sdqviz.base.registry import found
from sdqviz.kernels.contract import PACKAGE
from sdqviz.products.keys import machine_key
from sdqviz.quant.spec import ActivationSpec
from tests.gpu.part import Part, Row

PACKAGES = ("torch", "triton", "diffusers", "transformers", "accelerate", "numpy")
EXPECTED = ("triton_w4a8", "triton_int8", "cuda_int_mm", "eager")  # on a GPU from sm80


def measure(out: Path, seconds: float) -> Iterator[list[Row]]:
    properties = torch.cuda.get_device_properties(0)
    told = {
        "GPU": properties.name,
        "compute capability": f"{properties.major}.{properties.minor}",
        "GPU memory": f"{properties.total_memory / 2**30:.1f} GiB",
        "GPUs": str(torch.cuda.device_count()),
        "CUDA of torch": str(torch.version.cuda),
        "machine key": str(machine_key()),
        "Python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
    }
    rows: list[Row] = [{"what": what, "value": value} for what, value in told.items()]
    yield rows
    for engine in found(PACKAGE, "ENGINE").values():
        refusal = engine.refusal(torch.device("cuda"), ActivationSpec())
        wanted = engine.name in EXPECTED and (properties.major, properties.minor) >= (8, 0)
        rows.append(
            {
                "what": f"engine {engine.name}",
                "value": refusal or "serves",
                "ok": not (wanted and refusal),
            }
        )
        yield rows


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


PART = Part(name="environment", label="The machine", order=0, seconds=60, measure=measure)
