"""Activation histograms over the timesteps."""

import io
from typing import Any

import numpy as np

from sdqviz.store.blobs import Blobs
from sdqviz.views.page_json import page_json


def layer_names(blobs: Blobs, blob: str) -> list[str]:
    """The layers with histograms, in network order."""
    with np.load(io.BytesIO(blobs.get(blob))) as arrays:
        return [name.removesuffix("|edges") for name in arrays.files if name.endswith("|edges")]


def telling_layer(names: list[str]) -> str | None:
    """A layer whose input moves a lot over time: the second convolution of the last block."""
    wanted = [name for name in names if name.startswith("up_blocks") and "conv2" in name]
    return wanted[-1] if wanted else names[0] if names else None


def layer_histogram(blobs: Blobs, result: dict[str, Any], layer: str, label: str) -> str:
    """JSON text of one layer's input over the timesteps, for the page's histogram.

    {layer, timesteps (null: one pair for any), edges, counts, ranges (ends of the quantized range
    at each timestep), initial (the same before training, or null), bits, x_title, label, pair};
    the first call is first. `counts` are of calibration; `pair` has {fp, student} counts of one
    held-out scene on the same latents, or is null in runs that were evaluated before there were
    any. `label` names the quantized model.
    """
    blob, rows = result["histograms"], result["layers"]
    both = result.get("layer_pairs") or result.get("pair_histograms")  # the latter in older runs
    with np.load(io.BytesIO(blobs.get(blob))) as arrays:
        edges = arrays[f"{layer}|edges"].tolist()
        timesteps = arrays[f"{layer}|timesteps"].tolist()
        counts = arrays[f"{layer}|counts"].tolist()
    order = sorted(range(len(timesteps)), key=lambda i: -timesteps[i])
    row = next(r for r in rows if r["name"] == layer)
    bits = row["activation_bits"]
    calls = [timesteps[i] for i in order]
    title = "input value" + (", equalised" if "equalised" in row else "") + " (shared bins)"
    any_time = [timesteps[i] != timesteps[i] for i in order]
    pair = None
    if both:
        with np.load(io.BytesIO(blobs.get(both))) as arrays:
            own = {who: arrays[f"{layer}|{who}"].tolist() for who in ("fp", "student")}
        pair = {who: [counts[i] for i in order] for who, counts in own.items()}
    document = {
        "layer": layer,
        "label": label,
        "pair": pair,
        "timesteps": [None if a else timesteps[i] for a, i in zip(any_time, order, strict=True)],
        "edges": edges,
        "counts": [counts[i] for i in order],
        "ranges": _ranges(row["pairs"], calls, bits),
        "initial": _ranges(row["initial_pairs"], calls, bits) if "initial_pairs" in row else None,
        "bits": bits,
        "x_title": title,
    }
    return page_json(document)


def _ranges(
    pairs: list[tuple[str, float, int]], timesteps: list[float], bits: int
) -> list[tuple[float, float]]:
    """The ends of the quantized range at each timestep; pairs: (timestep or "any", scale, zero)."""
    found = {timestep: (scale, zero) for timestep, scale, zero in pairs}
    any_time = next(iter(found.values()))
    ranges = []
    for timestep in timesteps:
        scale, zero = found.get(str(timestep), any_time)
        ranges.append((-zero * scale, (2**bits - 1 - zero) * scale))
    return ranges
