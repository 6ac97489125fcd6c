"""A run's stages in order: events on, progress noted, cancels and early ends heeded."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sdqviz.base.events import SECONDS, Event, Log, Progress, Scalar
from sdqviz.base.settings import world_size
from sdqviz.products.context import Context
from sdqviz.runner.interruption import Interruption, Stopped
from sdqviz.runner.models import READ, Loaded, ModelCache
from sdqviz.runner.pace import Pace
from sdqviz.runner.products import EventLog, StoredProducts
from sdqviz.stages.contract import Stage
from sdqviz.store.attempt import SupersededError
from sdqviz.store.runs import FINISHING, Run
from sdqviz.store.store import Store


@dataclass
class StageRunner:
    """Works the stages of one run. Between two events it looks for a cancel."""

    store: Store
    run: Run  # as it was claimed: all that is written names its attempt
    log: EventLog
    keep: Callable[[Event], None]
    asked: Interruption
    pace: Pace = field(default_factory=Pace)
    reached: float = 0.0  # share of the work; it never goes back, whatever is learned of the rest

    def work(self, context: Context, stages: Sequence[Stage]) -> None:
        """Raises Stopped at the next progress after a cancel."""
        costs = [max(1.0, stage.cost(context)) for stage in stages]
        for index, stage in enumerate(stages):
            costs[index] = max(1.0, stage.cost(context))  # it knows more now than at the start
            before, whole = sum(costs[:index]), sum(costs)
            self.note(stage.name, before / whole)
            self.log.begin(stage.name)
            events = stage.run(context)
            began = time.monotonic()
            try:
                with self.asked.waiting(stage.can_finish_early):
                    for event in events:
                        self.keep(event)
                        if isinstance(event, Progress) and event.total:
                            share = before + costs[index] * event.done / event.total
                            self.note(stage.name, share / whole, event.place)
                            if self._ends(stage, event):
                                break  # closing the stage leaves what it has so far
            except SupersededError as error:
                with suppress(SupersededError):  # closed, it would save its state over another's
                    events.throw(error)  # type: ignore[attr-defined]
                raise
            finally:
                with self.asked.undisturbed():
                    events.close()  # type: ignore[attr-defined]
                    spent = time.monotonic() - began
                    self.keep(Scalar(name=SECONDS, layer=stage.name, value=spent))

    def load(self, models: ModelCache, spec: dict[str, Any]) -> Loaded:
        """The FP model of a spec; what is told while it is read is this run's. Raises Stopped after
        a cancel.
        """
        for step in models.opening(spec):
            if isinstance(step, Loaded):
                return step
            self.keep(step)
            self.note(READ, self.reached, step.place if isinstance(step, Progress) else "")
        raise AssertionError("a model is loaded at last")

    def products(self) -> StoredProducts:
        """Where the run's products are kept."""
        return StoredProducts(self.store, self.run.id, self.run.attempt)

    def note(self, stage: str, share: float, place: str = "") -> None:
        """Writes down how much of the run is done; raises Stopped where it is to stop."""
        self.reached = max(self.reached, share)
        left = self.pace.note(stage, self.reached, time.monotonic())
        self.store.runs.set_progress(
            *(self.run.id, stage, self.reached, left.seconds if left else None, self.run.attempt),
            place=place,
            eta_range=(left.low, left.high) if left else None,
        )
        if self.asked.asked or self.store.runs.get(self.run.id).cancel:
            raise Stopped

    def _ends(self, stage: Stage, progress: Progress) -> bool:
        """Whether the stage is to end now, as it was asked to."""
        if not stage.can_finish_early or self.store.runs.get(self.run.id).state != FINISHING:
            return False
        if world_size() > 1:  # the helpers would wait for this process
            message = f"{stage.label} on several processes cannot be finished early: it goes on"
            self.keep(Log(message=message, level="warning"))
            self.store.runs.decline_finish(self.run.id, self.run.attempt)
            return False
        if progress.done < progress.total:
            self.keep(Log(message=f"{stage.label} finished early: what it has so far is used"))
            return True
        return False
