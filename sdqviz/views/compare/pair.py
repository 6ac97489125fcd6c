"""One scene under both models, as JSON text for the page's viewer and timeline."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sdqviz.base.request import COMPARE
from sdqviz.base.scene import OWN
from sdqviz.results.metric import MetricSummary
from sdqviz.results.pictures import Pictures
from sdqviz.results.scene import SceneRow
from sdqviz.store.rows import is_complete
from sdqviz.store.runs import DONE, Run
from sdqviz.views.charts.scores import MAPS, score_chips
from sdqviz.views.charts.steps import step_errors
from sdqviz.views.compare.verdict import verdict, verdict_line
from sdqviz.views.markup import html, joined
from sdqviz.views.page_json import page_json
from sdqviz.views.runs.listing import finished, generated
from sdqviz.views.runs.names import bits, drawn_by, is_variant, variant_name

_MOST_OTHERS = 40  # other runs that are looked into for the same scene, the newest
Address = Callable[[str], str]  # blob name -> where the page gets it


def viewer_document(
    run: Run, row: SceneRow, runs: Sequence[Run], address: Address, chosen: str = ""
) -> str:
    """{run, scene, pictures: [{key, label, url, verdict?, chips?, flip?, st_lpips?, note?}],
    about, alt, chosen, made}: FP and quantized first, then what parts of it and other runs of the
    same model drew from the same noise, then the FP model with another seed. `verdict` and `chips`
    (HTML) are its scores against FP, `flip` and `st_lpips` their maps, `note` what a reader must
    know of a picture; `chosen` is the key of a picture that the visitor asked for, `made` the time
    in seconds.
    """
    drawn, metrics = row.pictures, run.quantized.metrics
    pictures = [
        {"key": "fp", "label": "FP", "url": address(drawn.fp)},
        {
            **{"key": "student", "label": bits(run), "url": address(drawn.student)},
            **_scored(metrics, row),
            **_maps(drawn, address),
        },
    ]
    named: dict[str, set[str]] = {}  # name -> addresses of the pictures that have it
    for other, theirs in _others(run, row, runs):
        label, url = _other_name(run, other), address(theirs.pictures.student)
        alike = named.setdefault(label, set())
        if url in alike:
            continue  # drawn more than once: the newest stands for all
        if alike:
            label += f" · #{other.id[:4]}"
        alike.add(url)
        picture = {
            **{"key": other.id, "label": label, "url": url},
            **_scored(other.evaluation.metrics if other.evaluation else {}, theirs),
            **_maps(theirs.pictures, address),
        }
        if theirs.pictures.fp != drawn.fp:
            picture["note"] = (
                f"“{label}” was scored against another FP picture of this scene: another "
                "processor, number of threads or number format rounds differently, or the model's "
                "files changed."
            )
        pictures.append(picture)
    again = {"key": "other_seed", "label": "FP, another seed"}
    chips = score_chips(metrics, replace(row, metrics=row.ceiling))
    pictures.append({**again, "url": address(drawn.other_seed), "chips": chips})
    document = {
        "run": run.id,
        "scene": row.id,
        "pictures": pictures,
        "about": f"{row.prompt}, seed {row.seed}",
        "alt": _alt(run, row),
        "chosen": chosen,
        "made": time.time(),  # answers may overtake each other
    }
    return page_json(document)


def _scored(metrics: Mapping[str, MetricSummary], row: SceneRow) -> dict[str, str]:
    """What a run's scores say of its picture of this scene, in words and as bars."""
    found = verdict(row.metrics, row.floor, row.ceiling, row.max_difference)
    return {"verdict": verdict_line(found), "chips": score_chips(metrics, row)}


def _maps(drawn: Pictures, address: Address) -> dict[str, str]:
    """The maps that the run kept, by metric."""
    return {name: address(drawn.maps[name]) for name in MAPS if name in drawn.maps}


def picture_blobs(run: Run, row: SceneRow, runs: Sequence[Run]) -> dict[str, str]:
    """Key of `viewer_document` -> blob of the picture."""
    others = {other.id: theirs.pictures.student for other, theirs in _others(run, row, runs)}
    own = row.pictures
    return {**others, "fp": own.fp, "student": own.student, "other_seed": own.other_seed}


def timeline_document(run: Run, row: SceneRow, address: Address) -> str:
    """{label, timesteps, replay, free_run, chart, previews}: previews are null in runs that were
    evaluated before there were any.
    """
    previews = row.previews
    if previews:
        urls = {"fp": address(previews.fp), "student": address(previews.student)}
        previews = replace(previews, **urls)
    document = {
        "label": bits(run),
        "timesteps": row.timesteps,
        "replay": row.replay,
        "free_run": row.free_run,
        "chart": step_errors(row.replay, row.free_run, row.timesteps),
        "previews": previews.as_row() if previews else None,
    }
    return page_json(document)


def scene_facts(row: SceneRow) -> str:
    """What fixes the pair, and what a reader must know of it."""
    scene, noise = row.scene, row.noise
    spacing = "" if scene.spacing == OWN else f" ({scene.spacing} spacing)"
    same = f"same initial noise {noise.fp}" if noise else "same initial noise for both"
    words = (
        f"{row.prompt} · seed {row.seed} · {scene.steps} steps · "
        f"guidance {scene.guidance:g} · {scene.scheduler}{spacing} · {same} · "
        f"largest pixel difference {row.max_difference} of 255"
    )
    notes = []
    if noise and not noise.is_shared:
        notes.append(f"The pair's initial noise differs: {noise.fp} and {noise.student}.")
    if row.truncated:
        notes.append(f"Only 77 tokens are read; cut: {row.truncated}")
    if row.uncalibrated_calls:
        notes.append(
            f"{row.uncalibrated_calls} calls were at timesteps without their own activation "
            "range; they used the nearest calibrated one."
        )
    return html('<p class="sdq-about">{words}</p>', words=words) + joined(
        html('<p class="sdq-note">{note}</p>', note=note) for note in notes
    )


def _others(run: Run, row: SceneRow, runs: Sequence[Run]) -> list[tuple[Run, SceneRow]]:
    """What parts of this run's model, and other runs, drew of the very same scene: the run and its
    row of the scene.
    """
    parts = [r for r in generated(run, runs) if is_variant(r)]
    folders = [r for r in runs if r.kind == COMPARE and r.state == DONE and is_complete(r)]
    rest = [r for r in (*folders, *finished(list(runs))) if r.spec["model"] == run.spec["model"]]
    return [
        (other, theirs)
        for other in (*parts, *rest[:_MOST_OTHERS])
        if other.id != run.id
        and other.spec.get("model_config") in (None, run.spec.get("model_config"))
        for theirs in other.scenes
        if theirs.drawn_alike(row)
    ]


def _other_name(run: Run, other: Run) -> str:
    if other.kind == COMPARE:
        return f"folder {Path(other.spec['other']).name}"
    return variant_name(run, other) if is_variant(other) else drawn_by(other)


def _alt(run: Run, row: SceneRow) -> str:
    scores = ", ".join(
        f"{name.upper().replace('_', '-')} {value:.3f}"
        for name, value in row.metrics.items()
        if value is not None
    )
    return f"{row.prompt}, seed {row.seed}: FP and {bits(run)}; {scores}"
