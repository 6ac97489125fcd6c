"""The layers of a run with what is known of each, as JSON text for the page's map and table."""

import io
from typing import Any

import numpy as np

from sdqviz.store.blobs import Blobs
from sdqviz.store.runs import Run
from sdqviz.views.page_json import page_json
from sdqviz.views.training import History

# key, title, what it means, significant digits of a measured value
_COLUMNS = (
    ("name", "layer", "its name in the network", 0),
    ("kind", "kind", "linear or convolution", 0),
    ("weight_bits", "W bits", "bits of a weight; empty: floating point, or removed", 0),
    ("group", "group", "inputs that share a multiplier; 0: one scale per output channel", 0),
    ("activation_bits", "A bits", "bits of an input value; empty: floating point", 0),
    ("ranges", "ranges", "activation ranges, one per timestep or one for all", 0),
    ("clipped", "clipped %", "input values outside the range, mean over timesteps (sampled)", 2),
    ("block_error", "block error", "the last replay error of its block on the tune scene", 2),
    ("frozen", "frozen at", "the training step at which its block was frozen", 0),
    ("parameters", "parameters", "weights and biases", 0),
    ("why", "why", "the reason of the plan", 0),
)
COLOURS = ("block_error", "clipped", "weight_bits", "parameters")


def layers_document(run: Run, blobs: Blobs, past: History) -> str:
    """{columns: [{key, title, help, digits}], colours: [key], layers: [{name, ...}]}."""
    assert run.result is not None
    clipped = clipped_shares(blobs, run.result["histograms"], run.result["layers"])
    ordered = sorted(run.result["layers"], key=lambda layer: _place(layer["name"]))
    rows = [_row(layer, clipped, past) for layer in ordered]
    names = ("key", "title", "help", "digits")
    columns = [dict(zip(names, column, strict=True)) for column in _COLUMNS]

    def known(key: str) -> bool:
        return any(row[key] is not None for row in rows)

    return page_json(
        {
            "columns": [c for c in columns if known(c["key"])],
            "colours": [key for key in COLOURS if known(key)],
            "layers": rows,
        }
    )


def clipped_shares(blobs: Blobs, blob: str, layers: list[dict[str, Any]]) -> dict[str, float]:
    """Layer -> percent of its sampled input values outside the quantized range, the mean over the
    timesteps. A bin that the range's end cuts counts by the share outside.
    """
    plans = {row["name"]: row for row in layers if row["pairs"]}
    shares = {}
    with np.load(io.BytesIO(blobs.get(blob))) as arrays:
        for name in {key.split("|")[0] for key in arrays.files} & set(plans):
            edges = arrays[f"{name}|edges"].astype(float)
            counts = arrays[f"{name}|counts"].astype(float)
            row = plans[name]
            pairs = {t: (scale, zero) for t, scale, zero in row["pairs"]}
            usual = next(iter(pairs.values()))
            high = 2 ** row["activation_bits"] - 1
            outside = []
            for timestep, own in zip(arrays[f"{name}|timesteps"].tolist(), counts, strict=True):
                scale, zero = pairs.get(str(timestep), usual)
                ends = (-(zero + 0.5) * scale, (high - zero + 0.5) * scale)
                inside = np.clip(edges[1:], *ends) - np.clip(edges[:-1], *ends)
                lost = own * (1 - inside / np.diff(edges))
                outside.append(100 * lost.sum() / max(own.sum(), 1))
            shares[name] = float(np.mean(outside))
    return shares


def _place(name: str) -> int:
    """Where data meets the layer: a UNet lists its middle after its upward blocks."""
    return {"mid_block": 1, "up_blocks": 2, "conv_out": 3, "proj_out": 3, "norm_out": 3}.get(
        name.split(".")[0], 0
    )


def _row(layer: dict[str, Any], clipped: dict[str, float], past: History) -> dict[str, Any]:
    weight = layer["weight"]
    block = max(
        (b for b in past.blocks if layer["name"].startswith(f"{b}.")), key=len, default=None
    )
    replay = past.points("replay", block) if block else []
    frozen = past.frozen.get(block) if block else None
    return {
        "name": layer["name"],
        "kind": layer["kind"],
        "weight_bits": weight["bits"] if weight else None,
        "group": weight["group"] if weight else None,
        "activation_bits": layer["activation_bits"] if weight else None,
        "ranges": len(layer["pairs"]) or None,
        "clipped": clipped.get(layer["name"]),
        "block_error": replay[-1][1] if replay else None,
        "frozen": frozen[0] if frozen else None,
        "parameters": layer["parameters"],
        "why": ("removed: " if layer["role"] == "time" and not weight else "") + layer["reason"],
        "has_histogram": layer["name"] in clipped,
    }
