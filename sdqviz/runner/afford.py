"""Telling what a run will cost, and refusing what cannot be afforded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sdqviz.base.events import Event, Log
from sdqviz.base.request import QUANTIZE
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.estimate import Estimate, call_seconds, estimate_quantize, refuse_if_over
from sdqviz.runner.machine import device_free_bytes
from sdqviz.store.store import Store


def afford(
    store: Store,
    spec: dict[str, Any],
    see: Callable[[Event], None],
    out: Path | None = None,
    force: bool = False,
) -> Estimate:
    """Tells what a quantize spec is estimated to cost. Raises SdqvizError when over what is there,
    unless forced.
    """
    timed = call_seconds(store.runs.list(QUANTIZE), spec)
    cost = estimate_quantize(spec, static_catalog(), timed, out is not None)
    free = device_free_bytes(spec.get("device", "cpu"))
    for overridden in refuse_if_over(cost, store.folder, free, out, force):
        see(Log(message=f"forced, though {overridden}", level="warning"))
    see(Log(message=f"estimated: {cost.words()}"))
    return cost
