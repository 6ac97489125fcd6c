"""The real numbers that the rounding toy rounds: a run's picture, and weights of its model."""

import base64
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open

from sdqviz.base.assets import assets_folder
from sdqviz.results.scene import SceneRow
from sdqviz.store.runs import Run
from sdqviz.views.compare.pair import Address
from sdqviz.views.page_json import page_json

SIDE = 48  # rows and columns of the weights that are shown
_FILE = "diffusion_pytorch_model.safetensors"


def toy_document(run: Run, row: SceneRow, address: Address) -> str:
    """`toy_rows` as JSON text."""
    return page_json(toy_rows(run, row, address))


def toy_rows(run: Run, row: SceneRow, address: Address) -> dict[str, Any]:
    """{picture: {url, label}, weights: {label, rows, columns, values} or null}: the scene's FP
    picture; `values` are float32 in base64. Only of a model that ships are there weights: others
    may lie anywhere.
    """
    label = f"the pixels of “{row.label}”, as numbers from -1 to 1"
    return {"picture": {"url": address(row.pictures.fp), "label": label}, "weights": _weights(run)}


def _weights(run: Run) -> dict[str, Any] | None:
    """The corner of the first linear layer of the network that is large enough."""
    file = _network_file(run.spec["model"])
    if file is None:
        return None
    linears = [r.name for r in run.quantized.layers if (r.kind, r.role) == ("linear", "block")]
    with safe_open(file, "np") as tensors:
        there = set(tensors.keys())
        for name in (n for n in linears if f"{n}.weight" in there):
            part = tensors.get_slice(f"{name}.weight")
            if min(part.get_shape()) >= SIDE:
                values = np.ascontiguousarray(part[:SIDE, :SIDE], dtype=np.float32)
                return {
                    "label": f"{SIDE} x {SIDE} of the weights of {name}, a row a line",
                    "rows": SIDE,
                    "columns": SIDE,
                    "values": base64.b64encode(values.tobytes()).decode(),
                }
    return None


def _network_file(model: str) -> Path | None:
    """The network of a shipped model of this name."""
    folder = assets_folder() / "models"
    known = [path for path in folder.iterdir() if path.name == model]
    files = [path / part / _FILE for path in known for part in ("unet", "transformer")]
    return next((file for file in files if file.exists()), None)
