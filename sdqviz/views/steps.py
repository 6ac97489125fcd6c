"""Errors over the steps and activation histograms over timesteps."""

import io
from typing import Any

import numpy as np

from sdqviz.store.blobs import Blobs
from sdqviz.views.svg import BLUE, ORANGE, Series, line_chart, ridgeline


def step_errors(replay: list[float], free_run: list[float], timesteps: list[float]) -> str:
    """The central picture: where precision is lost, and whether it matters."""
    final = f"{free_run[-1]:.2g}" if free_run else "unknown"
    return line_chart(
        [
            Series("free run: own latents, own errors", free_run, ORANGE),
            Series("replay: the FP model's latents at every step", replay, BLUE, dashed=True),
        ],
        [f"{t:g}" for t in timesteps],
        "timestep (sampling runs to the right)",
        "relative squared error",
        f"Relative squared error over the sampling steps; the free run ends at {final}",
    )


def layer_names(blobs: Blobs, blob: str) -> list[str]:
    """The layers with histograms, in network order."""
    with np.load(io.BytesIO(blobs.get(blob))) as arrays:
        return [name.removesuffix("|edges") for name in arrays.files if name.endswith("|edges")]


def layer_histogram(blobs: Blobs, blob: str, layer: str, rows: list[dict[str, Any]]) -> str:
    """The ridgeline of one layer's input, with the calibrated range at each timestep."""
    with np.load(io.BytesIO(blobs.get(blob))) as arrays:
        edges = arrays[f"{layer}|edges"].tolist()
        timesteps = arrays[f"{layer}|timesteps"].tolist()
        counts = arrays[f"{layer}|counts"].tolist()
    order = sorted(range(len(timesteps)), key=lambda i: -timesteps[i])
    row = next(r for r in rows if r["name"] == layer)
    high = 2 ** row["activation_bits"] - 1
    pairs = {t: (scale, zero) for t, scale, zero in row["pairs"]}
    ranges = []
    for i in order:
        scale, zero = pairs.get(str(timesteps[i]), next(iter(pairs.values())))
        ranges.append((-zero * scale, (high - zero) * scale))
    return ridgeline(
        edges,
        ["any t" if timesteps[i] != timesteps[i] else f"{timesteps[i]:g}" for i in order],
        [counts[i] for i in order],
        ranges,
        "input value" + (", equalised" if "equalised" in row else "") + " (shared bins)",
        f"Histograms of the input of {layer} at {len(order)} timesteps, "
        f"from {edges[0]:.3g} to {edges[-1]:.3g}",
    )


def layer_table(rows: list[dict[str, Any]]) -> list[list[Any]]:
    """Rows of `LAYER_COLUMNS`."""
    table = []
    for row in rows:
        weight = row["weight"]
        bits: Any = weight["bits"] if weight else "FP" if row["role"] != "time" else "removed"
        table.append(
            [
                row["name"],
                row["kind"],
                bits,
                weight["group"] if weight else "",
                row["activation_bits"] or "FP" if weight else "",
                len(row["pairs"]),
                _span(row.get("equalised")),
                row["parameters"],
                row["reason"],
            ]
        )
    return table


def _span(divisors: list[float] | None) -> str:
    """What the input channels are divided by: the least and the most."""
    return f"{divisors[0]:.2g} to {divisors[1]:.2g}" if divisors else ""


# header -> column width
LAYER_COLUMNS = {
    "layer": "320px",
    "kind": "80px",
    "W bits": "95px",
    "group": "70px",
    "A bits": "80px",
    "ranges": "80px",
    "equalised": "110px",
    "parameters": "105px",
    "why": "900px",
}
