"""What the UI is given by the program that starts it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import DEFAULT_RECIPE
from sdqviz.base.stage_names import StageNames
from sdqviz.results.scene import SceneRow
from sdqviz.store.demo import Demo
from sdqviz.store.own import AnyStore, OwnRuns
from sdqviz.store.runs import Run
from sdqviz.views.markup import escaped
from sdqviz.views.runs.cost import Cost
from sdqviz.views.runs.listing import finished, is_finished, is_readable, scenes_of

MCP_READS, MCP_STARTS = "reads", "starts"  # what tools an MCP client has, where there is a server


@dataclass(frozen=True)
class AppContext:
    """The store as whoever asks sees it, and what the runner does for the UI."""

    store: AnyStore
    catalog: Callable[[], dict[str, Any]]
    submit: Callable[[str, dict[str, Any]], str]  # kind, spec -> run id
    wake: Callable[[], None]  # starts the worker when it is not there
    cancel: Callable[[str], None]
    resume: Callable[[str], None]
    finish: Callable[[str], object]  # ends a training early
    estimate: Callable[[dict[str, Any]], Cost]  # raises SdqvizError when it cannot be afforded
    demos: tuple[str, ...] = ()  # ids of the bundled runs
    pinned: str = ""  # id of the run that a first visit shows
    own_machine: bool = False  # whoever sees the page may download to it
    is_class: bool = False  # a class shares it (`ui.classroom`)
    class_address: str = ""  # of this machine in the local network
    demo: Demo | None = None  # what visitors may start; None: everything
    mcp: str = ""  # the tools of the MCP server; empty without one
    is_operator: Callable[[], bool] = lambda: True  # whether whoever asks is

    def address(self, blob: str) -> str:
        """Where the page gets a blob (`server.blobs`), relative to the page."""
        return f"sdqviz/blob/{blob}"

    @property
    def stages(self) -> StageNames:
        """What the page says of stages."""
        return StageNames.of(self.catalog())

    @property
    def has_run(self) -> bool:
        """Whether any finished run can be shown."""
        return self.finished_run(None) is not None

    def finished_run(self, run_id: str | None) -> Run | None:
        """The finished quantize run shown now: the chosen one, else the pinned one, else on one's
        own machine the newest of one's own, else the bundled one of the main method.
        """
        runs = finished(self.store.runs.list())
        wanted = (r for name in (run_id, self.pinned) for r in self._one(runs, name))
        own = [r for r in runs if r.id not in self.demos] if self.own_machine else []
        main = [r for r in runs if r.id in self.demos and r.spec["recipe"] == DEFAULT_RECIPE]
        return next(filter(is_readable, [*wanted, *own, *main, *runs]), None)

    @property
    def may_draw(self) -> bool:
        """Whether whoever asks may start a scene of their own."""
        return self.demo is None or self.demo.draws or self.is_operator()

    @property
    def may_quantize(self) -> bool:
        return self.demo is None or self.demo.quantizes or self.is_operator()

    def may_change(self, run: Run) -> bool:
        """Whether whoever asks may rename and delete it."""
        runs = self.store.runs
        return not isinstance(runs, OwnRuns) or runs.may_change(run)

    def is_theirs(self, run: Run) -> bool:
        """Whether whoever asks asked for it."""
        runs = self.store.runs
        return not isinstance(runs, OwnRuns) or runs.made(run)

    def scenes(self, run: Run | None) -> dict[str, SceneRow]:
        """The scenes of a run to choose from, by label."""
        return {} if run is None else scenes_of(run, self.store.runs.list(), self.is_theirs)

    def _one(self, listed: list[Run], run_id: str | None) -> list[Run]:
        """The finished run of this id, also one that is older than those that are listed."""
        found = [r for r in listed if r.id == run_id]
        if found or not run_id or not self.store.runs.has(run_id):
            return found
        return list(filter(is_finished, [self.store.runs.get(run_id)]))


def as_toast(error: SdqvizError) -> gr.Error:
    """The error as gradio shows it: one line and the next step."""
    hint = f" Next: {error.hint}." if error.hint else ""
    words = escaped(f"{error.message}.{hint}")  # gradio shows it as HTML
    return gr.Error(str(words), duration=None, print_exception=False)
