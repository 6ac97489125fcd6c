"""All held-out scenes of a run, as JSON text for the page's gallery."""

from typing import Any

from sdqviz.store.runs import Run
from sdqviz.views.compare.pair import Address
from sdqviz.views.page_json import page_json
from sdqviz.views.runs.names import bits


def gallery_document(run: Run, address: Address) -> str:
    """{label, metrics: [{name, label, direction}], scenes: [{id, prompt, seed, urls, scores}]}.

    Only metrics that every scene has a value of.
    """
    assert run.result is not None
    rows: list[dict[str, Any]] = run.result["scenes"]
    scored = [
        {"name": name, "label": metric["label"], "direction": metric["direction"]}
        for name, metric in run.result["metrics"].items()
        if all(row["metrics"].get(name) is not None for row in rows)
    ]
    scenes = [
        {
            "id": row["id"],
            "prompt": row["prompt"],
            "seed": row["seed"],
            "urls": {who: address(row["images"][who]) for who in ("fp", "student")},
            "scores": {m["name"]: row["metrics"][m["name"]] for m in scored},
        }
        for row in rows
    ]
    return page_json({"label": bits(run), "metrics": scored, "scenes": scenes})
