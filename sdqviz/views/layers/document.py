"""The layers of a run with what is known of each, as JSON text for the page's map and table."""

import io
import math
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np

from sdqviz.results.layer import LayerRow, range_at
from sdqviz.store.blobs import Blobs
from sdqviz.store.runs import Run
from sdqviz.views.charts.curves import smoothed
from sdqviz.views.layers.errors import LayerErrors, layer_errors, three_digits
from sdqviz.views.page_json import page_json
from sdqviz.views.training.history import History

# key, title, what it means, significant digits of a measured value, whether the table has it
_COLUMNS = (
    ("name", "layer", "its name in the network", 0, True),
    ("role", "role", "what the plan takes it for", 0, True),
    ("kind", "kind", "linear or convolution", 0, False),
    ("weight_bits", "W bits", "bits of a weight; empty: floating point, or removed", 0, True),
    ("group", "group", "inputs that share a multiplier; 0: one scale per channel", 0, False),
    ("activation_bits", "A bits", "bits of an input value; empty: floating point", 0, True),
    ("ranges", "ranges", "activation ranges, one per timestep or one for all", 0, False),
    ("engine", "engine", "what multiplies its codes; empty: its input stays FP", 0, True),
    (
        *("own_error", "own error"),
        "the quantized layer on the FP layer's own input: what its rounding costs; relative "
        "squared error of its output, mean over the timesteps of one held-out scene",
        *(2, True),
    ),
    (
        *("replay_error", "in replay"),
        "the same inside the quantized network on the FP model's latents: with what the layers "
        "before it added; estimated from 2048 values of its output a call",
        *(2, True),
    ),
    ("clipped", "clipped %", "input values outside the range, mean over timesteps", 2, True),
    ("weight_error", "weight error", "relative squared error of its weights", 2, False),
    ("loss", "loss now", "the last training loss of its block", 2, True),
    ("block_error", "block error", "its block's last replay error, tune scene", 2, False),
    ("frozen", "frozen at", "the training step at which its block was frozen", 0, True),
    ("parameters", "parameters", "weights and biases", 0, True),
    ("why", "why", "the reason of the plan", 0, True),
)
COLOURS = (
    *("own_error", "replay_error", "clipped", "weight_error", "block_error"),
    *("weight_bits", "parameters"),
)
_POINTS = 160  # of a block's curve
_SMOOTHING = 0.6


def layers_document(run: Run, blobs: Blobs, past: History) -> str:
    """{columns: [{key, title, help, digits, table}], colours: [key], layers: [{name, ...}],
    timesteps, scene, blocks: {NAME: {loss, replay: [[step, value]], frozen}}}.

    Each layer has the columns' figures and `stored` (`results.layer.CodeCounts`), `own` and
    `replay` (one value a timestep), `block`; null where they were not kept.
    """
    result = run.quantized
    clipped = clipped_shares(blobs, result.histograms, result.layers)
    errors = layer_errors(blobs, result)
    ordered = sorted(result.layers, key=lambda layer: _place(layer.name))
    rows = [_row(layer, clipped, errors, past) for layer in ordered]
    names = ("key", "title", "help", "digits", "table")
    columns = [dict(zip(names, column, strict=True)) for column in _COLUMNS]

    def known(key: str) -> bool:
        return any(row[key] is not None for row in rows)

    return page_json(
        {
            "columns": [c for c in columns if known(c["key"])],
            "colours": [key for key in COLOURS if known(key)],
            "layers": rows,
            "timesteps": errors.timesteps if errors else None,
            "scene": result.measured_scene if errors else None,
            "blocks": {name: _block(past, name) for name in past.blocks},
        }
    )


def clipped_shares(blobs: Blobs, blob: str | None, layers: Sequence[LayerRow]) -> dict[str, float]:
    """Layer -> percent of its sampled input values outside the quantized range, the mean over the
    timesteps. A bin that the range's end cuts counts by the share outside.
    """
    plans = {row.name: row for row in layers if row.ranges}
    shares = {}
    if blob is None:
        return shares
    with np.load(io.BytesIO(blobs.get(blob))) as arrays:
        for name in {key.split("|")[0] for key in arrays.files} & set(plans):
            edges = arrays[f"{name}|edges"].astype(float)
            counts = arrays[f"{name}|counts"].astype(float)
            row = plans[name]
            assert row.activation_bits is not None  # it has ranges
            high = 2**row.activation_bits - 1
            outside = []
            for timestep, own in zip(arrays[f"{name}|timesteps"].tolist(), counts, strict=True):
                _, scale, zero = range_at(row.ranges, timestep)
                ends = (-(zero + 0.5) * scale, (high - zero + 0.5) * scale)
                inside = np.clip(edges[1:], *ends) - np.clip(edges[:-1], *ends)
                lost = own * (1 - inside / np.diff(edges))
                outside.append(100 * lost.sum() / max(own.sum(), 1))
            shares[name] = float(np.mean(outside))
    return shares


def _mean(errors: list[float] | None) -> float | str | None:
    """Over the timesteps; a layer that overflowed at one must not look like one kept in FP."""
    if not errors:
        return None
    mean = statistics.mean(errors)
    return mean if math.isfinite(mean) else "not finite"


def _place(name: str) -> int:
    """Where data meets the layer: a UNet lists its middle after its upward blocks."""
    return {"mid_block": 1, "up_blocks": 2, "conv_out": 3, "proj_out": 3, "norm_out": 3}.get(
        name.split(".")[0], 0
    )


def _block(past: History, name: str) -> dict[str, Any]:
    """A block's curves, few enough to draw."""
    loss = smoothed(past.points("block", name), _SMOOTHING)
    every = max(1, -(-len(loss) // _POINTS))
    frozen = past.frozen.get(name)
    return {
        "loss": [(step, three_digits(value)) for step, value in [*loss[:-1:every], *loss[-1:]]],
        "replay": [(step, three_digits(value)) for step, value in past.points("replay", name)],
        "frozen": {"step": frozen[0], "reason": frozen[1]} if frozen else None,
    }


def _row(
    layer: LayerRow,
    clipped: dict[str, float],
    errors: LayerErrors | None,
    past: History,
) -> dict[str, Any]:
    weight, name = layer.weight, layer.name
    block = max((b for b in past.blocks if name.startswith(f"{b}.")), key=len, default=None)
    replay = past.points("replay", block) if block else []
    losses = past.points("block", block) if block and weight else []
    frozen = past.frozen.get(block) if block else None
    own = errors.own.get(name) if errors else None
    seen = errors.replay.get(name) if errors else None
    return {
        "name": name,
        "role": layer.role,
        "kind": layer.kind,
        "weight_bits": weight.bits if weight else None,
        "group": weight.group if weight else None,
        "activation_bits": layer.activation_bits if weight else None,
        "ranges": len(layer.ranges) or None,
        "engine": layer.engine or None,
        "own_error": _mean(own),
        "replay_error": _mean(seen),
        "clipped": clipped.get(name),
        "weight_error": layer.weight_error,
        "loss": losses[-1][1] if losses else None,
        "block_error": replay[-1][1] if replay else None,
        "frozen": frozen[0] if frozen else None,
        "parameters": layer.parameters,
        "why": ("removed: " if layer.role == "time" and not weight else "") + layer.reason,
        "has_histogram": name in clipped,
        "stored": layer.stored.as_row() if layer.stored else None,
        "own": own,
        "replay": seen,
        "block": block,
    }
