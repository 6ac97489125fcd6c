"""Each layer's own error and its error in replay, as a run kept them (`measure.layer_errors`)."""

import io
import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from sdqviz.results.quantize import QuantizeResult
from sdqviz.store.blobs import Blobs
from sdqviz.views.page_json import page_json

_MOST = 4  # layers named at a timestep


@dataclass(frozen=True)
class LayerErrors:
    """`own` and `replay`: layer -> relative squared error at each of `timesteps`."""

    timesteps: list[float]
    own: dict[str, list[float]]
    replay: dict[str, list[float]]


def layer_errors(blobs: Blobs, result: QuantizeResult) -> LayerErrors | None:
    """The errors of a run's first held-out scene; None in runs that were made before any."""
    if not result.layer_inputs:
        return None
    with np.load(io.BytesIO(blobs.get(result.layer_inputs))) as arrays:
        names = arrays["layers"].tolist()
        tables = {
            which: {
                name: [three_digits(value) for value in row]
                for name, row in zip(names, arrays[which].tolist(), strict=True)
            }
            for which in ("own", "replay")
        }
        return LayerErrors(arrays["timesteps"].tolist(), tables["own"], tables["replay"])


def culprits_document(blobs: Blobs, result: QuantizeResult, names: Collection[str]) -> str:
    """{scene, timesteps, worst}: at each timestep those of the named layers whose own error is
    largest, each as {name, own, replay}, what is not finite first; null where none were kept.
    """
    errors = layer_errors(blobs, result)
    known = [name for name in errors.own if name in names] if errors else []
    if errors is None or not known:
        return page_json(None)

    def size(error: float) -> float:
        return error if math.isfinite(error) else math.inf

    worst = []
    for call in range(len(errors.timesteps)):
        ranked = sorted(known, key=lambda name: -size(errors.own[name][call]))[:_MOST]
        worst.append(
            [
                {"name": n, "own": errors.own[n][call], "replay": errors.replay[n][call]}
                for n in ranked
            ]
        )
    scene = result.measured_scene
    return page_json({"scene": scene, "timesteps": errors.timesteps, "worst": worst})


def three_digits(value: float) -> float:
    return float(f"{value:.3g}")
