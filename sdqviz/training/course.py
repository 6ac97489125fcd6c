"""How far a training is, in work: its steps alone say nothing while it walks or looks."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from sdqviz.base.events import Progress
from sdqviz.base.scene import Scene
from sdqviz.products.trajectories import calls_per_scene
from sdqviz.training.options import TrainingOptions

# Of one scene with its guidance branches. The search of the weights' scales takes about as long as
# 40; a call of a walk is the student's and the teacher's.
SEARCH, WALKED = 40, 2
LEARNED = 5  # a sample's forward, backward and teacher's forward, in calls of one sample


@dataclass(frozen=True, kw_only=True)
class Course:
    """The whole work of a training in calls of one sample, and where in it each event stands.

    walks: network calls of each scene, by round. steps: optimiser steps of each round. looks: the
    steps after which the tune scene is drawn, which takes `look_calls`, upwards; 0 is before all.
    """

    stage: str
    branches: int
    walks: tuple[tuple[int, ...], ...]
    steps: tuple[int, ...]
    batch: int
    looks: tuple[int, ...]
    look_calls: int
    _ends: tuple[int, ...] = field(init=False)  # steps done when each round ends

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ends", tuple(accumulate(self.steps)))

    @staticmethod
    def of(stage: str, options: TrainingOptions, scenes: Sequence[Scene], tune: Scene) -> "Course":
        rounds, count = options.rounds, options.training_scenes
        calls = [calls_per_scene(scene) for scene in scenes]
        return Course(
            stage=stage,
            branches=2 if tune.guided else 1,
            walks=tuple(tuple(calls[i * count : (i + 1) * count]) for i in range(rounds)),
            steps=split(options.training_steps, rounds),
            batch=options.batch,
            looks=_looks(options.training_steps, options.previews),
            look_calls=calls_per_scene(tune),
        )

    @property
    def total(self) -> int:
        return self._begin(len(self.walks))

    def searched(self, weights: int, of: int, place: str = "") -> Progress:
        """Before the first step, the scales of so many of all weights are found."""
        return self._told(self._search * weights // max(1, of), place)

    def begun(self, steps: int, place: str) -> Progress:
        """At the start of a training, or where it goes on after so many steps."""
        done = self._after(steps) - self._look * (steps in self.looks)
        return self._told(done, place)

    def walked(self, number: int, scene: int, calls: int) -> Progress:
        """In a round, so many scenes and of the next one so many calls are walked."""
        own = self.walks[number]
        done = min(sum(own[:scene]) + calls, sum(own))
        now = min(scene + 1, len(own))
        place = f"round {number + 1} of {len(self.walks)}, walking scene {now} of {len(own)}"
        if scene < len(own):
            place += f", call {min(calls, own[scene])} of {own[scene]}"
        return self._told(self._begin(number) + WALKED * self.branches * done, place)

    def stepped(self, steps: int, seconds: float = 0.0) -> Progress:
        """So many steps are done, in so many seconds, and the look after them."""
        pace = f", {_figure(seconds / steps)} s a step" if steps and seconds else ""
        return self._told(self._after(steps), f"step {steps} of {sum(self.steps)}{pace}")

    def learned(self, steps: int, samples: int, of: int) -> Progress:
        """So many steps are done, and of the next one's batch so many samples."""
        number = bisect_right(self._ends, steps)
        since = steps - (self._ends[number] - self.steps[number])
        before = self._begin(number) + self._walk(number) + self._step * since
        before += self._look * self._seen(self._ends[number] - self.steps[number], steps)
        place = f"in step {steps + 1} of {sum(self.steps)}, {samples} of {of} samples"
        return self._told(before + self._step * samples // of, place)

    def looked(self, steps: int, calls: int) -> Progress:
        """After so many steps the tune scene is drawn, of which so many calls are made."""
        done = self._after(steps) - self._look + self.branches * min(calls, self.look_calls)
        place = f"preview at step {steps}, call {min(calls, self.look_calls)} of {self.look_calls}"
        return self._told(done, place)

    def _told(self, done: int, place: str) -> Progress:
        return Progress(stage=self.stage, done=done, total=self.total, place=place)

    @property
    def _search(self) -> int:
        return SEARCH * self.branches

    @property
    def _step(self) -> int:
        return LEARNED * self.batch

    @property
    def _look(self) -> int:
        return self.branches * self.look_calls

    def _walk(self, number: int) -> int:
        return WALKED * self.branches * sum(self.walks[number])

    def _begin(self, number: int) -> int:
        """What is done when a round begins; after the last one, all."""
        done = self._search + self._look * (0 in self.looks)
        for past in range(number):
            first = self._ends[past] - self.steps[past]
            done += self._walk(past) + self._step * self.steps[past]
            done += self._look * self._seen(first, self._ends[past])
        return done

    def _after(self, steps: int) -> int:
        """What is done after so many steps and the look that follows them."""
        if not steps:
            return self._begin(0)
        number = bisect_left(self._ends, steps)
        first = self._ends[number] - self.steps[number]
        done = self._begin(number) + self._walk(number) + self._step * (steps - first)
        return done + self._look * self._seen(first, steps)

    def _seen(self, after: int, until: int) -> int:
        """How many looks follow the steps between."""
        return bisect_right(self.looks, until) - bisect_right(self.looks, after)


def split(steps: int, rounds: int) -> tuple[int, ...]:
    """Optimiser steps of each round, as equal as can be."""
    return tuple(steps * (i + 1) // rounds - steps * i // rounds for i in range(rounds))


def _looks(steps: int, previews: int) -> tuple[int, ...]:
    """One before all, and so many spread over the steps."""
    spread = {round(steps * (i + 1) / previews) for i in range(previews)}
    return tuple(sorted({0, *spread})) if previews else ()


def _figure(seconds: float) -> str:
    return f"{seconds:.0f}" if seconds >= 100 else f"{seconds:.2g}"
