"""Blind trials: two pictures in a secret order, an answer, and what was right."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sdqviz.base.errors import SdqvizError

ABX, WHICH = "abx", "which"
KINDS = (ABX, WHICH)
LENGTHS = (8, 12, 16, 24)  # trials of one test to choose from
USUAL_LENGTH = 12
FP, STUDENT = "fp", "student"
FIRST, SECOND, UNSURE = "first", "second", "unsure"
ANSWERS = (FIRST, SECOND, UNSURE)
MISSING = "missing"  # stands for an answer where a picture's file was gone


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One question. `shown` names the models behind the pictures A, B and, for ABX, X."""

    number: int
    scene: str
    shown: tuple[str, ...]
    answer: str | None = None

    @property
    def truth(self) -> str:
        """The right answer: the picture that X is, or the quantized one when there is no X."""
        wanted = self.shown[2] if len(self.shown) == 3 else STUDENT
        return FIRST if self.shown[0] == wanted else SECOND

    @property
    def is_right(self) -> bool | None:
        """None when nothing was answered for sure."""
        return self.answer == self.truth if self.answer in (FIRST, SECOND) else None


@dataclass(frozen=True, kw_only=True)
class Session:
    """One visitor's test of one run: its trials in order."""

    id: str
    run: str
    kind: str
    trials: tuple[Trial, ...]

    @property
    def current(self) -> Trial | None:
        """The first trial without an answer; None when the test is over."""
        return next((t for t in self.trials if t.answer is None), None)


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Counts of answers: `right` of `sure`, and `unsure` beside them."""

    right: int
    sure: int
    unsure: int


def lengths(scenes: int) -> tuple[int, ...]:
    """The lengths to choose from over so many scenes: none is shown twice in a test."""
    return tuple(n for n in LENGTHS if n <= scenes) or (max(1, scenes),)


def tally(trials: Sequence[Trial]) -> Tally:
    """What was answered; *not sure* and missing pictures are neither right nor wrong."""
    sure = [t.is_right for t in trials if t.is_right is not None]
    unsure = sum(t.answer == UNSURE for t in trials)
    return Tally(right=sum(sure), sure=len(sure), unsure=unsure)


def pooled(tallies: Sequence[Tally]) -> Tally:
    """All tests' counts as one."""
    return Tally(
        right=sum(t.right for t in tallies),
        sure=sum(t.sure for t in tallies),
        unsure=sum(t.unsure for t in tallies),
    )


def draw_trials(kind: str, scenes: Sequence[str], count: int) -> tuple[Trial, ...]:
    """`count` trials from the system's randomness, each order drawn on its own, so that a guess
    is right half the time whatever was shown before. No scene repeats before all had a turn.
    """
    if kind not in KINDS:
        raise SdqvizError(f"no blind test {str(kind)[:20]!r}", f"choose {' or '.join(KINDS)}")
    if not scenes:
        raise SdqvizError("this run has no scene to test with", "choose another run")
    random = secrets.SystemRandom()
    trials: list[Trial] = []
    while len(trials) < count:
        for scene in random.sample(scenes, min(len(scenes), count - len(trials))):
            shown = random.sample((FP, STUDENT), 2)
            if kind == ABX:
                shown.append(random.choice((FP, STUDENT)))
            trials.append(Trial(number=len(trials), scene=scene, shown=tuple(shown)))
    return tuple(trials)
