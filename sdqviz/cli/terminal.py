"""What the commands print: progress, results, errors."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console, RenderableType
from rich.pretty import Pretty
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

import sdqviz
from sdqviz.base import events
from sdqviz.base.errors import SdqvizError

_LINE_SECONDS = 60.0  # without a terminal no stage is silent for longer than its events are
# What is shown to people of a command's object.
Page = Callable[[dict[str, Any]], Iterable[RenderableType]]


@contextmanager
def progress(as_json: bool) -> Iterator[Callable[[events.Event], None]]:
    """A handler of events: a bar a stage on a terminal, plain lines otherwise (on stderr)."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain_lines(quiet=as_json)
        return
    columns = (
        TextColumn("{task.description:>10}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[place]}"),
    )
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, Any] = {}

        def see(event: events.Event) -> None:
            if isinstance(event, events.Progress):
                if event.stage not in tasks:
                    tasks[event.stage] = bars.add_task(event.stage, total=event.total, place="")
                task = tasks[event.stage]
                bars.update(task, completed=event.done, total=event.total, place=event.place)
            elif isinstance(event, events.Log):
                console.print(event.message)

        yield see


def _plain_lines(quiet: bool) -> Callable[[events.Event], None]:
    """A line at each tenth of a stage, and each minute in between."""
    shown: dict[str, tuple[int, float]] = {}

    def see(event: events.Event) -> None:
        if isinstance(event, events.Progress):
            tenth, now = 10 * event.done // max(1, event.total), time.monotonic()
            before, then = shown.get(event.stage, (-1, now))
            if tenth != before or now - then >= _LINE_SECONDS:
                shown[event.stage] = (tenth, now)
                place = f", {event.place}" if event.place else ""
                line = f"{event.stage} {event.done}/{event.total}{place}"
                print(line, file=sys.stderr, flush=True)
        elif isinstance(event, events.Log) and not (quiet and event.level == "info"):
            print(event.message, file=sys.stderr, flush=True)

    return see


def emit(value: dict[str, Any], as_json: bool, page: Page | None = None) -> None:
    """One JSON line; else what `page` makes of the object for people, or the object, readable."""
    console = Console(soft_wrap=page is not None)
    if as_json:
        print(json.dumps(value), flush=True)
    elif page is None:
        console.print(Pretty(value, expand_all=False))
    else:
        for part in page(value):
            console.print(part, markup=False, highlight=False)


def show_error(error: SdqvizError, as_json: bool) -> None:
    if as_json:
        print(json.dumps(error.as_dict()), file=sys.stderr)
    else:
        hint = f"\n  {error.hint}" if error.hint else ""
        print(f"error: {error.message}{hint}", file=sys.stderr)


def print_version(asked: bool) -> None:
    """Of the option --version: prints it and ends."""
    if asked:
        print(f"sdqviz {sdqviz.__version__}")
        raise typer.Exit
