"""One sentence that answers the page's title of one picture: *Do I still get my picture?*

The rule is ours; FLIP and its two references (`results.scene`) are what it reads.

*How far*: the picture's FLIP on the way from the noise floor, 0, to another seed, 1. Under 0.1 the
answer is Yes, under 0.4 Nearly, under 0.75 Partly, from there No.
*How visible*: FLIP predicts what an eye sees when the two pictures take each other's place at 67
pixels a degree (Andersson et al. 2020). As the mean over the picture: under 0.03 nothing, under
0.07 hardly anything, under 0.15 a change when flipping, from there one at a glance. What is hardly
seen is Nearly at worst, also where another seed draws almost the same picture; what is seen at a
glance is Partly at best.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sdqviz.views.markup import html
from sdqviz.views.terms import term

METRIC = "flip"
ANSWERS = ("Yes", "Nearly", "Partly", "No")
_NEARLY, _PARTLY = 1, 2
_FAR = (0.1, 0.4, 0.75)  # shares of the way at which the next answer begins
_SEEN = (0.03, 0.07, 0.15)  # mean FLIP at which the next degree begins
_EYE = (
    "you would not see it at this size",
    "you would hardly see it at this size",
    "you see it when you flip between the two",
    "you see it at a glance",
)
_SHARES = (
    (0.1, "a tenth"),
    (0.2, "a fifth"),
    (0.25, "a quarter"),
    (1 / 3, "a third"),
    (0.4, "two fifths"),
    (0.5, "half"),
    (0.6, "three fifths"),
    (2 / 3, "two thirds"),
    (0.75, "three quarters"),
    (0.9, "nine tenths"),
)


@dataclass(frozen=True)
class Verdict:
    """`answer` is one of ANSWERS; `reason` a clause without a full stop."""

    answer: str
    reason: str

    @property
    def sentence(self) -> str:
        return f"{self.answer}: {self.reason}."


def verdict(
    scores: Mapping[str, float | None],
    floor: Mapping[str, float | None],
    ceiling: Mapping[str, float | None],
    max_difference: int | None = None,
) -> Verdict | None:
    """Of one picture's scores against FP, or of a run's medians; None without FLIP or its
    references. `max_difference` (0 to 255) tells pictures that are equal to the pixel.
    """
    score, low, high = (values.get(METRIC) for values in (scores, floor, ceiling))
    if score is None or low is None or high is None:
        return None
    if max_difference == 0:
        return Verdict(ANSWERS[0], "every pixel is the same")
    seen = _rank(score, _SEEN)
    if score <= low:
        return Verdict(
            ANSWERS[0], f"FLIP {score:.3f}, no more than rounding noise does ({low:.3f})"
        )
    # Where another seed draws what this one does, all that is above the noise is as far as that.
    share = (score - low) / (high - low) if high > low else 1.0
    rank = _rank(share, _FAR)
    if _EYE[seen] in _EYE[:2]:
        rank = min(rank, _NEARLY)
    elif _EYE[seen] == _EYE[-1]:
        rank = max(rank, _PARTLY)
    return Verdict(ANSWERS[rank], f"FLIP {score:.3f}, {_way(share)}; {_EYE[seen]}")


def verdict_line(found: Verdict | None) -> str:
    """As HTML; empty for none."""
    if found is None:
        return ""
    reason = found.reason
    if reason.startswith("FLIP"):
        reason = html("{flip}{rest}", flip=term("FLIP"), rest=reason.removeprefix("FLIP"))
    return html(
        '<p class="sdq-verdict" data-answer="{answer}"><b>{answer}.</b> {reason}.</p>',
        answer=found.answer,
        reason=reason,
    )


def _rank(value: float, limits: tuple[float, ...]) -> int:
    return sum(value >= limit for limit in limits)


def _way(share: float) -> str:
    """How far from the noise floor to another seed, in words."""
    if share >= 0.95:
        return "as far from the FP picture as another seed"
    if share < 0.05:
        return "next to rounding noise"
    words = min(_SHARES, key=lambda known: abs(known[0] - share))[1]
    return f"{words} of the way from noise to another seed"
