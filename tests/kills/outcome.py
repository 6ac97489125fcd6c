"""What must not hang on whether a run was killed: its packed file, pictures, scores and curves."""

from dataclasses import dataclass
from typing import Any

from sdqviz.base.events import SECONDS, Log, event_to_row
from sdqviz.store.records import blob_names
from sdqviz.store.store import Store
from tests.recipes.test_fidelity import plain


@dataclass(frozen=True)
class Outcome:
    """Blobs are named by the SHA-256 of their bytes: equal names are equal files."""

    packed: str
    pictures: list[dict[str, str]]
    result: dict[str, Any]  # scores, step errors, layers: all but times and memory
    curves: list[Any]  # every point, state and preview, in order
    blobs: dict[str, bool]  # of the result and the curves, and whether each is whole


def outcome_of(store: Store, run_id: str) -> Outcome:
    run = store.runs.get(run_id)
    assert run.result is not None, f"run {run_id} is {run.state}: {run.error}"
    result = {name: run.result[name] for name in run.result}
    curves = [
        event_to_row(event)
        for event in store.records.events(run_id)
        if not isinstance(event, Log) and getattr(event, "name", "") != SECONDS
    ]
    names = sorted(blob_names(result) | blob_names([body for _, body in curves]))
    return Outcome(
        packed=result["packed"],
        pictures=[scene["images"] for scene in result["scenes"]],
        result=plain(result),
        curves=curves,
        blobs={name: store.blobs.is_whole(name) for name in names},
    )


def differences(expected: Outcome, found: Outcome) -> list[str]:
    """One line for each part that differs; none where all is as it should be."""
    lines = [
        f"{part} differ"
        for part in ("packed", "pictures", "curves", "blobs")
        if getattr(expected, part) != getattr(found, part)
    ]
    keys = expected.result.keys() | found.result.keys()
    differing = sorted(k for k in keys if expected.result.get(k) != found.result.get(k))
    lines += [f"result: {', '.join(differing)} differ"] if differing else []
    lines += [f"{name} is damaged" for name, is_whole in found.blobs.items() if not is_whole]
    if expected.curves != found.curves:
        lines.append(f"{len(found.curves)} points, not {len(expected.curves)}")
    return lines
