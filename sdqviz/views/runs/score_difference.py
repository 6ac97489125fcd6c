"""Scores of one run against another's, over the scenes that both were scored on."""

import statistics
from dataclasses import dataclass
from typing import Any

from sdqviz.metrics.intervals import Interval, paired_interval
from sdqviz.results.metric import MetricSummary
from sdqviz.results.scene import SceneRow
from sdqviz.store.runs import Run
from sdqviz.views.markup import html, joined
from sdqviz.views.runs.names import short_name
from sdqviz.views.tables.scrolling import scrolling_table

# What two identical pictures score. PSNR is not here: theirs is infinite.
_IDENTICAL = {
    **{"flip": 0.0, "lpips": 0.0, "st_lpips": 0.0, "ssim": 1.0},
    **{"ssimulacra2": 100.0, "cvvdp": 10.0},
}
_READING = html(
    "Medians over the scenes that both runs were scored on, and the difference's 95 % interval "
    "(bootstrap over these scenes, each with both its scores). <b>Within noise</b>: the interval "
    "holds 0, or the difference is smaller than the noise floor's distance from identical pictures "
    "(FLIP 0, LPIPS 0, SSIM 1), that is, than what bfloat16 changes in the FP model. "
    "PSNR has no such distance: identical pictures have infinite PSNR."
)


@dataclass(frozen=True)
class Difference:
    """One metric over the common scenes. Without a number, `reason` says why."""

    name: str
    label: str
    direction: str
    settings: str
    baseline: float = 0.0
    other: float = 0.0
    floor: float = 0.0
    better: int = 0  # scenes on which the other run is better
    scenes: int = 0
    interval: Interval | None = None  # of `change`; None of a single scene
    reason: str = ""

    @property
    def change(self) -> float:
        return self.other - self.baseline

    @property
    def noise(self) -> float | None:
        """How far the noise floor is from identical pictures, where that is a number."""
        same = _IDENTICAL.get(self.name)
        return None if same is None else abs(self.floor - same)

    @property
    def verdict(self) -> str:
        """Better, worse or equal, in words."""
        if self.change == 0:
            return "equal"
        word = "better" if (self.change > 0) == (self.direction == "higher") else "worse"
        rounding = self.noise is not None and abs(self.change) < self.noise
        unsure = self.interval is not None and self.interval[0] <= 0 <= self.interval[1]
        within = rounding or unsure
        return f"{word}, within noise" if within else word


def score_differences(baseline: Run, other: Run) -> list[Difference]:
    """One Difference a metric that the baseline has a number of, in its order."""
    found = other.quantized.measured
    ours = {row.id: row for row in baseline.quantized.scenes}
    theirs = {row.id: row for row in other.quantized.scenes}
    shared = [(ours[scene], theirs[scene]) for scene in ours if scene in theirs]
    return [
        _difference(name, metric, found.get(name), shared)
        for name, metric in baseline.quantized.measured.items()
    ]


def _difference(
    name: str,
    metric: MetricSummary,
    other: MetricSummary | None,
    shared: list[tuple[SceneRow, SceneRow]],
) -> Difference:
    head: dict[str, Any] = {"name": name, "label": metric.label}
    head |= {"direction": metric.direction, "settings": metric.settings}
    if not shared:
        return Difference(**head, reason="no scene in common")
    if other is None:
        return Difference(**head, reason="not measured in the other run")
    if other.settings != metric.settings:
        return Difference(**head, reason="scored with other settings")
    rows = [
        (ours, theirs, floor)
        for a, b in shared
        if (ours := a.score(name)) is not None
        and (theirs := b.score(name)) is not None
        and (floor := a.floor.get(name)) is not None
    ]
    if not rows:
        return Difference(**head, reason="not measured on a common scene")
    pairs = [(a, b) for a, b, _ in rows]
    higher = metric.higher_is_better
    interval = paired_interval([a for a, _ in pairs], [b for _, b in pairs], name)
    return Difference(
        **head,
        baseline=statistics.median(a for a, _ in pairs),
        other=statistics.median(b for _, b in pairs),
        floor=statistics.median(floor for *_, floor in rows),
        better=sum(b > a if higher else b < a for a, b in pairs),
        scenes=len(pairs),
        interval=interval,
    )


def score_table(baseline: Run, others: list[Run]) -> str:
    """HTML: for each other run a group of rows, one a metric, signed and judged in words."""
    head = joined(
        html('<th scope="col">{title}</th>', title=title)
        for title in (
            *("score", "baseline", "this run", "difference", "95 % interval"),
            *("better on", "noise floor"),
        )
    )
    groups = joined(_group(baseline, other) for other in others)
    table = scrolling_table(
        html("<thead><tr>{head}</tr></thead>{groups}", head=head, groups=groups), "scores"
    )
    return html(
        '{table}<p class="sdq-about">{reading}</p>{note}',
        table=table,
        reading=_READING,
        note=_note(baseline, others),
    )


def _group(baseline: Run, other: Run) -> str:
    title = f"{short_name(other)} against {short_name(baseline)}"
    rows = joined(_row(difference) for difference in score_differences(baseline, other))
    return html(
        '<tbody><tr><th colspan="7" scope="rowgroup">{title}</th></tr>{rows}</tbody>',
        title=title,
        rows=rows,
    )


def _row(d: Difference) -> str:
    arrow = "↑ higher" if d.direction == "higher" else "↓ lower"
    head = html(
        '<th scope="row" title="{settings}">{label}<small> {arrow} is better</small></th>',
        settings=d.settings,
        label=d.label,
        arrow=arrow,
    )
    if d.reason:
        return html('<tr>{head}<td colspan="6">{reason}</td></tr>', head=head, reason=d.reason)
    digits = 1 if abs(d.baseline) >= 10 else 4
    cells = (
        f"{d.baseline:.{digits}f}",
        f"{d.other:.{digits}f}",
        html("<b>{signed}</b> {verdict}", signed=_signed(d.change, digits), verdict=d.verdict),
        " to ".join(_signed(end, digits) for end in d.interval or ()) or "one scene: none",
        f"{d.better} of {d.scenes} scenes",
        f"{d.floor:.{digits}f}",
    )
    return html(
        "<tr>{head}{cells}</tr>",
        head=head,
        cells=joined(html("<td>{cell}</td>", cell=cell) for cell in cells),
    )


def _signed(value: float, digits: int) -> str:
    text = f"{value:+.{digits}f}"
    return text.replace("-", "\N{MINUS SIGN}")  # as wide as the plus


def _note(baseline: Run, others: list[Run]) -> str:
    """What makes the runs' FP pictures, against which each is scored, differ."""
    made = {(r.spec.get("device", "cpu"), r.spec.get("dtype", "float32")) for r in others}
    if made <= {(baseline.spec.get("device", "cpu"), baseline.spec.get("dtype", "float32"))}:
        return ""
    return html(
        '<p class="sdq-note">The FP models of these runs computed on another device or in another '
        "precision: each run is scored against its own FP pictures.</p>"
    )
