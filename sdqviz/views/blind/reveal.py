"""The end of a blind test: the score, every trial with its truth, and the pairs told apart."""

from collections.abc import Callable, Mapping

from sdqviz.base.blind import ABX, FP, MISSING, STUDENT, Session, Trial, tally
from sdqviz.results.scene import SceneRow
from sdqviz.views.blind.binomial import unsure_share, verdict
from sdqviz.views.blind.trial import answer_words
from sdqviz.views.charts.scores import MAPS
from sdqviz.views.markup import html, joined

_MODELS = {FP: "FP", STUDENT: "quantized"}
_SHOWN_PAIRS = 3
_SCORES = {"flip": "FLIP", "st_lpips": "ST-LPIPS (alex)"}


def reveal(session: Session, scenes: Mapping[str, SceneRow], address: Callable[[str], str]) -> str:
    """The test's result. scenes: id -> scene row; address: blob name -> where the page gets it."""
    counts = tally(session.trials)
    rows = joined(_row(session.kind, t, scenes[t.scene].prompt) for t in session.trials)
    return html(
        '<div class="sdq-card"><p class="sdq-score">{verdict}</p><p>{unsure_share}; '
        "these count neither way.</p></div><div "
        'class="sdq-trials"><table><thead><tr><th>Trial</th><th>Scene</th><th>Which '
        "was which</th><th>Your "
        "answer</th><th>Result</th></tr></thead><tbody>{rows}</tbody></table></div>{pairs}",
        verdict=verdict(counts),
        unsure_share=unsure_share(counts),
        rows=rows,
        pairs=_pairs(session, scenes, address),
    )


def which_was_which(kind: str, trial: Trial) -> str:
    a, b = (_MODELS[who] for who in trial.shown[:2])
    if kind == ABX:
        return f"A {a}, B {b}, X {_MODELS[trial.shown[2]]}"
    return f"left {a}, right {b}"


def result_word(trial: Trial) -> str:
    """Sign and word, so that nothing hangs on a colour."""
    if trial.is_right is not None:
        return "✓ right" if trial.is_right else "✗ wrong"
    return "○ skipped" if trial.answer == MISSING else "○ not sure"


def _row(kind: str, trial: Trial, prompt: str) -> str:
    mark = {True: "sdq-right", False: "sdq-wrong", None: ""}[trial.is_right]
    cells = (prompt, which_was_which(kind, trial), answer_words(kind, trial.answer or ""))
    return (
        html("<tr><td>{number}</td>", number=trial.number + 1)
        + joined(html("<td>{cell}</td>", cell=cell) for cell in cells)
        + html(
            '<td class="{mark}">{result_word}</td></tr>', mark=mark, result_word=result_word(trial)
        )
    )


def _pairs(session: Session, scenes: Mapping[str, SceneRow], address: Callable[[str], str]) -> str:
    """The scenes told apart most often, at equal counts those with the larger FLIP error."""
    right: dict[str, int] = {}
    asked: dict[str, int] = {}
    for trial in session.trials:
        if trial.answer != MISSING:
            right[trial.scene] = right.get(trial.scene, 0) + (trial.is_right is True)
            asked[trial.scene] = asked.get(trial.scene, 0) + 1

    def flip(scene: str) -> float | None:
        return scenes[scene].score("flip")

    worst = sorted(right, key=lambda scene: (-right[scene], -(flip(scene) or 0.0)))[:_SHOWN_PAIRS]
    if not worst:
        return ""
    parts = []
    for scene in worst:
        row = scenes[scene]
        scores = [(name, row.score(key)) for key, name in _SCORES.items()]
        words = [f"{name} {value:.3f}" for name, value in scores if value is not None]
        score = f", {', '.join(words)} (lower is better)" if words else ""
        figures = joined(
            html(
                '<figure><img src="{address}" alt="{name}: '
                '{prompt}"><figcaption>{name}</figcaption></figure>',
                address=address(blob),
                name=name,
                prompt=row.prompt,
            )
            for who, name in ((FP, "FP"), (STUDENT, "quantized"), *MAPS.items())
            if (blob := row.pictures.of(who))
        )
        parts.append(
            html(
                '<p class="sdq-about">{prompt}: right {right} of {asked}{score}</p><div '
                'class="sdq-blind sdq-blind-abx sdq-reveal">{figures}</div>',
                prompt=row.prompt,
                right=right[scene],
                asked=asked[scene],
                score=score,
                figures=figures,
            )
        )
    return html('<h4 class="sdq-head">Told apart most often</h4>') + joined(parts)
