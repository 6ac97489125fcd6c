"""The store as whoever asks may see and change it: the one place where that is decided.

A visitor's runs, and so the prompts in them, are listed for that visitor and the operator alone;
some runs, such as the bundled ones, are everybody's. A run's whole id is as good as a link to it:
whoever has it may look at the run, and change nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sdqviz.base.errors import SdqvizError
from sdqviz.store.asker import Asker
from sdqviz.store.limits import Limits
from sdqviz.store.run import Run
from sdqviz.store.runs import Runs
from sdqviz.store.store import Store
from sdqviz.store.tended import FEATURED, checked_tags

Who = Callable[[], Asker]


class OwnRuns:
    """What the app's handlers have of the runs. Each call asks anew who it is for."""

    def __init__(self, runs: Runs, who: Who, is_everyones: Callable[[Run], bool]) -> None:
        self._runs = runs
        self._who = who
        self._is_everyones = is_everyones

    def list(self, kind: str | None = None) -> list[Run]:
        """What they may choose from, newest first."""
        asker = self._who()
        listed = self._runs.list(kind)
        if asker.is_operator:
            return listed
        return [run for run in listed if self._is_everyones(run) or asker.may_change(run)]

    def get(self, run_id: str) -> Run:
        """The run of this id. Its first letters are enough for the operator alone: others could
        guess them.
        """
        if not (self._runs.has(run_id) or self._who().is_operator):
            raise SdqvizError(f"no run {run_id[:40]!r} here", "open its whole link")
        return self._runs.get(run_id)

    def has(self, run_id: str) -> bool:
        return self._runs.has(run_id)

    def may_change(self, run: Run) -> bool:
        return self._who().may_change(run)

    def owned(self, run_id: str) -> Run:
        """The run, if they may change it; raises SdqvizError where it is not theirs."""
        run = self.get(run_id)
        if not self._who().may_change(run):
            raise SdqvizError(
                f"run {run.id} is not yours", "only who asked for it, or the operator, changes it"
            )
        return run

    def bin(self) -> Sequence[Run]:
        """The deleted runs that they can bring back."""
        asker = self._who()
        return [run for run in self._runs.bin() if asker.may_change(run)]

    def describe(
        self, run_id: str, name: str | None = None, tags: Sequence[str] | None = None
    ) -> Run:
        run = self.owned(run_id)
        is_featured = FEATURED in (run.tags if tags is None else checked_tags(tags))
        if is_featured != (FEATURED in run.tags) and not self._who().is_operator:
            raise SdqvizError(
                f"the tag {FEATURED!r} shows a run to everybody", "only the operator gives it"
            )
        return self._runs.describe(run.id, name, tags)

    def dismiss(self, run_id: str, dismissed: bool = True) -> Run:
        return self._runs.dismiss(self.owned(run_id).id, dismissed)

    def delete(self, run_id: str) -> Run:
        run = self.owned(run_id)
        if self._is_everyones(run):
            raise SdqvizError(
                f"run {run.id} is everybody's: it is bundled, pinned or tagged {FEATURED!r}",
                "delete one of your own",
            )
        return self._runs.delete(run.id)

    def restore(self, run_id: str) -> Run:
        run = self._runs.binned(run_id)
        if not self._who().may_change(run):
            raise SdqvizError(f"run {run.id} is not yours", "only who deleted it restores it")
        return self._runs.restore(run.id)

    def is_operator(self) -> bool:
        return self._who().is_operator

    def made(self, run: Run) -> bool:
        """Whether they asked for it themselves."""
        return self._who().made(run)

    def add(self, kind: str, spec: dict[str, Any], limits: Limits | None = None) -> str:
        """Queues a run of theirs; of another run only if they have its id."""
        asker = self._who()
        if not asker.visitor and not asker.is_operator:
            raise SdqvizError(
                "nothing tells whose job this would be",
                "send a header x-sdqviz-visitor of 32 hexadecimal digits, the same each time",
            )
        if "run" in spec:
            self.get(spec["run"])
        if limits is not None and asker.is_operator:
            limits = replace(limits, each=limits.in_all, demo=None)
        return self._runs.add(kind, spec, visitor=asker.visitor, limits=limits)

    def resume(self, run_id: str, limits: Limits | None = None) -> Run:
        """It counted when it was started: no limit of a demo's day holds."""
        if limits is not None:
            limits = replace(limits, demo=None)
        return self._runs.resume(self.owned(run_id).id, limits)

    def waiting(self) -> int:
        """Of all: how long the queue is tells nothing of anyone."""
        return self._runs.waiting()

    def version(self) -> str:
        return self._runs.version()

    def listing(self) -> str:
        return self._runs.listing()


class OwnStore:
    """A store with those runs. What a run left behind is named by random ids and by hashes: only
    whoever sees the run knows them.
    """

    def __init__(self, store: Store, who: Who, is_everyones: Callable[[Run], bool]) -> None:
        self.runs = OwnRuns(store.runs, who, is_everyones)
        self.records, self.blobs, self.answers = store.records, store.blobs, store.answers
        self._store = store

    def exports(self) -> Path:
        return self._store.exports()


AnyStore = Store | OwnStore  # the whole one on the command line and in a worker
