"""All held-out scenes of a run, as JSON text for the page's gallery."""

from sdqviz.store.runs import Run
from sdqviz.views.compare.pair import Address
from sdqviz.views.page_json import page_json
from sdqviz.views.runs.names import bits


def gallery_document(run: Run, address: Address) -> str:
    """{label, metrics: [{name, label, direction}], scenes: [{id, prompt, seed, urls, scores}]}.

    Only metrics that every scene has a value of.
    """
    rows = run.quantized.scenes
    scored = [
        {"name": name, "label": metric.label, "direction": metric.direction}
        for name, metric in run.quantized.metrics.items()
        if all(row.score(name) is not None for row in rows)
    ]
    scenes = [
        {
            "id": row.id,
            "prompt": row.prompt,
            "seed": row.seed,
            "urls": {"fp": address(row.pictures.fp), "student": address(row.pictures.student)},
            "scores": {m["name"]: row.score(m["name"]) for m in scored},
        }
        for row in rows
    ]
    return page_json({"label": bits(run), "metrics": scored, "scenes": scenes})
