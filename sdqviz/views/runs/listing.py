"""Which runs and scenes there are to choose from, and in what order."""

import itertools
from collections.abc import Callable, Sequence

from sdqviz.base.request import GENERATE, QUANTIZE
from sdqviz.results.quantize import QuantizeResult
from sdqviz.results.scene import SceneRow
from sdqviz.store.rows import is_complete
from sdqviz.store.runs import ACTIVE, DONE, QUEUED, RESUMABLE, Run
from sdqviz.views.runs.names import is_variant

UNFINISHED = (*ACTIVE, QUEUED)
_OWN, _VISITORS = "yours: ", "a visitor's: "  # the operator sees those too
# The newest of what can be chosen: a page holds them all, and each costs reading its result.
MOST, MOST_DRAWN = 200, 100


def finished(runs: Sequence[Run]) -> list[Run]:
    """The quantize runs to choose from, the newest `MOST`; of an ablation's arms the first seed
    stands for all.
    """
    return list(itertools.islice(filter(is_finished, runs), MOST))


def is_finished(run: Run) -> bool:
    """Whether a run is one to choose."""
    if run.kind != QUANTIZE or run.state != DONE or not is_complete(run):
        return False
    return "arm" not in run.spec or not run.spec["config"].get("seed")


def is_readable(run: Run) -> bool:
    """Whether a finished run's result can be read: a damaged one must hide no other."""
    return isinstance(run.outcome, QuantizeResult)


def open_runs(runs: list[Run]) -> list[Run]:
    """Runs that are being worked, wait, or stopped before their end; the oldest first."""
    return [r for r in reversed(runs) if r.state != DONE]


def latest(runs: list[Run]) -> Run | None:
    """The run a user wants to hear of: active, else queued, else the newest that stopped."""
    waiting = open_runs(runs)
    for states in (ACTIVE, (QUEUED,)):
        for run in waiting:
            if run.state in states:
                return run
    newest = max(runs, key=lambda r: r.created, default=None)
    if newest is None or newest.state not in RESUMABLE or newest.dismissed:
        return None
    return newest


def is_own(label: str) -> bool:
    """Whether a scene's label says that a visitor asked for it."""
    return label.startswith(_OWN)


def generated(run: Run, runs: Sequence[Run]) -> list[Run]:
    """The newest of what was drawn with a run's models since."""
    own = (
        r for r in runs if r.kind == GENERATE and r.spec.get("run") == run.id and r.state == DONE
    )
    return list(itertools.islice(own, MOST_DRAWN))


def worst_first(rows: Sequence[SceneRow]) -> list[SceneRow]:
    """Rows of scenes by their FLIP, which needs no download, the largest first."""
    return sorted(rows, key=lambda row: -(row.score("flip") or 0.0))


def typical(rows: Sequence[SceneRow]) -> SceneRow:
    """The row of median FLIP, of two middle ones the worse: what to expect, not what to fear."""
    worst = worst_first(rows)
    return worst[(len(worst) - 1) // 2]


def scenes_of(
    run: Run, runs: list[Run], is_theirs: Callable[[Run], bool] = lambda run: True
) -> dict[str, SceneRow]:
    """Label -> scene row: the run's held-out scenes, the worst by FLIP first, then what was
    generated with it; `is_theirs` tells what whoever looks asked for.
    """
    rows: dict[str, SceneRow] = {}
    made = [r for r in generated(run, runs) if not is_variant(r)]
    for source, mark in ((run, ""), *((r, _OWN if is_theirs(r) else _VISITORS) for r in made)):
        for row in worst_first(source.scenes):
            title = source.name if mark else ""
            name = f"{mark}{title or row.prompt[:90]} · seed {row.seed}"
            if name in rows and rows[name].id != row.id:
                scene = row.scene
                name += f" · {scene.steps} steps, guidance {scene.guidance:g}, "
                name += f"{scene.scheduler} · {row.id[:4]}"
            rows.setdefault(name, row)
    return rows
