"""Each layer's own error and its error in replay, as a run kept them (`stages.layer_errors`)."""

import io
import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from sdqviz.store.blobs import Blobs
from sdqviz.views.page_json import page_json

_MOST = 4  # layers named at a timestep


@dataclass(frozen=True)
class LayerErrors:
    """`own` and `replay`: layer -> relative squared error at each of `timesteps`."""

    timesteps: list[float]
    own: dict[str, list[float]]
    replay: dict[str, list[float]]


def layer_errors(blobs: Blobs, result: dict[str, Any]) -> LayerErrors | None:
    """The errors of a run's first held-out scene; None in runs that were made before any."""
    blob = result.get("layer_pairs")
    if not blob:
        return None
    with np.load(io.BytesIO(blobs.get(blob))) as arrays:
        names = arrays["layers"].tolist()
        tables = {
            which: {
                name: [three_digits(value) for value in row]
                for name, row in zip(names, arrays[which].tolist(), strict=True)
            }
            for which in ("own", "replay")
        }
        return LayerErrors(arrays["timesteps"].tolist(), tables["own"], tables["replay"])


def culprits_document(blobs: Blobs, result: dict[str, Any], names: Collection[str]) -> str:
    """{timesteps, worst}: at each timestep those of the named layers whose own error is largest,
    each as {name, own, replay}; null where none were kept.
    """
    errors = layer_errors(blobs, result)
    if errors is None:
        return page_json(None)
    known = [name for name in errors.own if name in names]
    worst = []
    for call in range(len(errors.timesteps)):
        finite = [n for n in known if math.isfinite(errors.own[n][call])]
        ranked = sorted(finite, key=lambda name: -errors.own[name][call])
        ranked = [*ranked, *(n for n in known if n not in finite)][:_MOST]
        worst.append(
            [
                {"name": n, "own": errors.own[n][call], "replay": errors.replay[n][call]}
                for n in ranked
            ]
        )
    return page_json({"timesteps": errors.timesteps, "worst": worst})


def three_digits(value: float) -> float:
    return float(f"{value:.3g}")
