"""Activation histograms over the timesteps."""

import io
from collections.abc import Sequence

import numpy as np

from sdqviz.results.layer import LayerRow, Range, range_at
from sdqviz.results.quantize import QuantizeResult
from sdqviz.store.blobs import Blobs
from sdqviz.views.page_json import page_json


def layer_names(blobs: Blobs, blob: str | None) -> list[str]:
    """The layers with histograms, in network order; none without the file."""
    if blob is None:
        return []
    with np.load(io.BytesIO(blobs.get(blob))) as arrays:
        return [name.removesuffix("|edges") for name in arrays.files if name.endswith("|edges")]


def telling_layer(names: list[str]) -> str | None:
    """A layer whose input moves a lot over time: the second convolution of the last block."""
    wanted = [name for name in names if name.startswith("up_blocks") and "conv2" in name]
    return wanted[-1] if wanted else names[0] if names else None


def layer_histogram(blobs: Blobs, result: QuantizeResult, layer: str, label: str) -> str:
    """JSON text of one layer's input over the timesteps, for the page's histogram.

    {layer, timesteps (null: one pair for any), edges, counts, ranges (ends of the quantized range
    at each timestep), initial (the same before training, or null), bits, x_title, label, pair};
    the first call is first. `counts` are of calibration; `pair` has {fp, student} counts of one
    held-out scene on the same latents, or is null in runs that were evaluated before there were
    any. `label` names the quantized model.
    """
    assert result.histograms is not None  # the layer is one of `layer_names`
    both = result.held_out_inputs
    with np.load(io.BytesIO(blobs.get(result.histograms))) as arrays:
        edges = arrays[f"{layer}|edges"].tolist()
        timesteps = arrays[f"{layer}|timesteps"].tolist()
        counts = arrays[f"{layer}|counts"].tolist()
    order = sorted(range(len(timesteps)), key=lambda i: -timesteps[i])
    row = next(r for r in result.layers if r.name == layer)
    calls = [timesteps[i] for i in order]
    title = "input value" + (", equalised" if row.equalised else "") + " (shared bins)"
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
        "ranges": _ranges(row, row.ranges, calls),
        "initial": _ranges(row, row.initial_ranges, calls) if row.initial_ranges else None,
        "bits": row.activation_bits,
        "x_title": title,
    }
    return page_json(document)


def _ranges(
    row: LayerRow, ranges: Sequence[Range], timesteps: list[float]
) -> list[tuple[float, float]]:
    """The ends of the quantized range at each timestep."""
    assert row.activation_bits is not None  # it has ranges
    return [range_at(ranges, t).ends(row.activation_bits) for t in timesteps]
