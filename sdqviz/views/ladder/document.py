"""A ladder of bits as JSON text for the page's slider."""

from sdqviz.results.ladder import LadderResult
from sdqviz.views.compare.pair import Address
from sdqviz.views.page_json import page_json

METHODS = {"round_nearest": "rounded to nearest", "fidelity": "trained"}


def ladder_document(ladder: LadderResult, address: Address) -> str:
    """{model, metrics: [{name, label}], scenes: [{id, label, url, timesteps, floor, ceiling}],
    rungs: [{bits, method, bytes, fp_bytes, scenes: [{url, scores, free_run}]}]}; a rung's scenes
    are in the order of the ladder's.
    """
    return page_json(
        {
            "model": ladder.model,
            "metrics": [{"name": n, "label": label} for n, label in ladder.metrics.items()],
            "scenes": [
                {
                    "id": scene.id,
                    "label": f"{scene.prompt} · seed {scene.seed}",
                    "url": address(scene.picture),
                    "timesteps": scene.timesteps,
                    "floor": scene.floor,
                    "ceiling": scene.ceiling,
                }
                for scene in ladder.scenes
            ],
            "rungs": [
                {
                    "bits": rung.bits,
                    "method": METHODS.get(rung.recipe, rung.recipe),
                    "bytes": rung.bytes,
                    "fp_bytes": rung.fp_bytes,
                    "scenes": [
                        {
                            "url": address(scene.picture),
                            "scores": scene.scores,
                            "free_run": scene.free_run,
                        }
                        for scene in rung.scenes
                    ],
                }
                for rung in ladder.rungs
            ],
        }
    )
