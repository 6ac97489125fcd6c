"""`sdqviz runs ...`: the commands on the runs in the store."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from sdqviz.base.assets import assets_folder
from sdqviz.base.counts import MOST_ACROSS, MOST_SHEET_SCENES, check_count
from sdqviz.base.errors import SdqvizError
from sdqviz.base.places import writing
from sdqviz.base.settings import home_folder
from sdqviz.cli.pages import duration, moment, scores, table
from sdqviz.cli.terminal import emit, progress
from sdqviz.store.tended import BIN_SECONDS

_LOG_LINES = 12

runs_app = typer.Typer(no_args_is_help=True, help="The runs in the store.")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
RunId = Annotated[str, typer.Argument(help="A run id, or its first letters.")]


def open_store() -> Any:
    """The home folder's store, with the bundled runs in it also before the app was ever started."""
    from sdqviz.publish.bundle import import_demos
    from sdqviz.store.store import Store

    store = Store(home_folder())
    import_demos(store, assets_folder() / "demo")
    return store


@runs_app.command("list")
def runs_list(
    bin_: Annotated[
        bool, typer.Option("--bin", help="Those that were deleted and can be restored.")
    ] = False,
    as_json: Json = False,
) -> None:
    """All runs, newest first."""
    runs = open_store().runs
    rows = [
        {
            "run": run.id,
            "kind": run.kind,
            "state": run.state,
            "progress": round(run.progress, 3),
            "model": run.spec.get("model") or f"run {run.spec.get('run')}",
            "made": run.created,
            "name": run.name,
            "tags": list(run.tags),
        }
        for run in (runs.bin() if bin_ else runs.list())
    ]
    emit({"runs": rows}, as_json, _listed)


@runs_app.command("show")
def runs_show(run: RunId, as_json: Json = False) -> None:
    """One run with its log."""
    store = open_store()
    found = store.runs.get(run)
    log = [event.message for event in store.records.events(found.id, "Log")]  # type: ignore[union-attr]
    shown = {
        "run": found.id,
        "kind": found.kind,
        "state": found.state,
        "stage": found.stage,
        "progress": found.progress,
        "place": found.place,
        "eta_seconds": found.eta_seconds,
        "eta_range": None if found.eta_seconds is None else [found.eta_low, found.eta_high],
        "name": found.name,
        "tags": list(found.tags),
        "spec": found.spec,
        "error": found.error,
        "result": found.result,
        "log": log,
    }
    emit(shown, as_json, _shown)


@runs_app.command("cancel")
def runs_cancel(run: RunId, as_json: Json = False) -> None:
    """Stop a run for good; what it finished is kept."""
    from sdqviz.runner.supervise import cancel

    stopped = cancel(open_store(), run)
    emit({"run": stopped.id, "state": stopped.state}, as_json)


@runs_app.command("finish")
def runs_finish(run: RunId, as_json: Json = False) -> None:
    """End a run's training now and go on with what it learned: rounding, pictures, scores."""
    from sdqviz.base.stage_names import StageNames
    from sdqviz.runner.catalog import static_catalog

    stages = StageNames.of(static_catalog()).can_finish_early
    finishing = open_store().runs.request_finish(run, stages)
    emit({"run": finishing.id, "state": finishing.state}, as_json)


@runs_app.command("resume")
def runs_resume(
    run: RunId,
    out: Annotated[Path | None, typer.Option(help="Folder for the quantized model.")] = None,
    as_json: Json = False,
) -> None:
    """Go on with a stopped quantize run, here."""
    from sdqviz import api
    from sdqviz.base.request import QUANTIZE

    store = open_store()
    found = store.runs.get(run)
    if found.kind != QUANTIZE:
        raise SdqvizError(f"run {found.id} is a {found.kind} run", "start it again instead")
    store.runs.resume(found.id)
    with progress(as_json) as see:
        report = api.finish_quantize(store, found.id, out, see)
    emit(report, as_json)


@runs_app.command("score")
def runs_score(
    run: RunId,
    fetch: Annotated[
        str, typer.Option(help="Download this LPIPS backbone first: alex, squeeze, vgg.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Score a finished run, from its pictures, by the metrics that came since."""
    from sdqviz import api

    with progress(as_json) as see:
        report = api.score(run, fetch, see)
    emit(report, as_json)


@runs_app.command("export")
def runs_export(
    run: RunId,
    out: Annotated[Path | None, typer.Option(help="An empty or new folder.")] = None,
    model: Annotated[bool, typer.Option("--model", help="The diffusers folder instead.")] = False,
    html: Annotated[
        Path | None, typer.Option(help="An empty or new folder for a report to open in a browser.")
    ] = None,
    graph: Annotated[
        Path | None, typer.Option(help="An empty or new folder for Model Explorer's files.")
    ] = None,
    as_json: Json = False,
) -> None:
    """A finished run as plain files; with --model, the quantized model as a diffusers folder; with
    --html, a report that opens without a server and can be put on any static host; with --graph,
    the layers for Model Explorer.
    """
    from sdqviz.publish.bundle import export_run
    from sdqviz.views.layers.model_explorer import export_model_explorer
    from sdqviz.views.report.report import export_report

    if model and out is None:
        raise SdqvizError("--model has no folder", "give --out FOLDER")
    if out is None and html is None and graph is None:
        raise SdqvizError("no folder is named", "give --out, --html or --graph with a FOLDER")
    store = open_store()
    found = store.runs.get(run)
    for folder, export in ((html, export_report), (graph, export_model_explorer)):
        if folder is not None:
            export(store, found, folder)
    if out is not None and model:
        from sdqviz import api

        api.write_model(store, found, out)
    elif out is not None:
        export_run(store, found, out)
    written = [str(folder) for folder in (out, html, graph) if folder is not None]
    emit({"run": found.id, "out": written[0], "all": written}, as_json)


@runs_app.command("sheet")
def runs_sheet(
    run: RunId,
    out: Annotated[Path, typer.Option(help="The PNG file to write.")],
    scenes: Annotated[int, typer.Option(help="How many scenes.")] = 4,
    across: Annotated[int, typer.Option(help="Scenes side by side.")] = 2,
    as_json: Json = False,
) -> None:
    """One picture of a finished run: FP, W4A8 and FLIP difference of its scenes."""
    from sdqviz.views.report.sheet import comparison_sheet

    check_count("scenes", scenes, 1, MOST_SHEET_SCENES)
    check_count("across", across, 1, MOST_ACROSS)
    store = open_store()
    found = store.runs.get(run)
    if not found.scenes:
        raise SdqvizError(f"run {found.id} is {found.state}", "choose a finished run")
    picture = comparison_sheet(store.blobs, found.scenes[:scenes], across)
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        picture.save(out, "PNG", optimize=True)
    emit({"run": found.id, "out": str(out)}, as_json)


@runs_app.command("rename")
def runs_rename(
    run: RunId,
    name: Annotated[str, typer.Argument(help="What lists call it; '' takes the name back.")],
    as_json: Json = False,
) -> None:
    """Give a run a name."""
    named = open_store().runs.describe(run, name=name)
    emit({"run": named.id, "name": named.name}, as_json)


@runs_app.command("tag", epilog="Example: `sdqviz runs tag RUN lecture featured`")
def runs_tag(
    run: RunId,
    tags: Annotated[
        list[str] | None,
        typer.Argument(help="These and no others; 'featured' shows it to every visitor."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Give a run tags."""
    tagged = open_store().runs.describe(run, tags=tags or ())
    emit({"run": tagged.id, "tags": list(tagged.tags)}, as_json)


@runs_app.command("delete")
def runs_delete(run: RunId, as_json: Json = False) -> None:
    """Put a run into the bin. `restore` brings it back for 30 days."""
    gone = open_store().runs.delete(run)
    emit({"run": gone.id, "state": "deleted"}, as_json)


@runs_app.command("restore")
def runs_restore(run: RunId, as_json: Json = False) -> None:
    """Bring a deleted run back, as it was."""
    back = open_store().runs.restore(run)
    emit({"run": back.id, "state": back.state}, as_json)


@runs_app.command("gc")
def runs_gc(
    bin_: Annotated[
        bool, typer.Option("--bin", help="Empty the bin first: what lies there is gone for good.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Delete files that no run needs, and what was in the bin for 30 days."""
    store = open_store()
    store.runs.empty_bin(0.0 if bin_ else BIN_SECONDS)
    scratch = store.clear_scratch()
    count, freed = store.records.collect_garbage()
    freed += scratch
    emit({"files": count, "bytes": freed}, as_json)


def _listed(report: Mapping[str, Any]) -> Iterable[RenderableType]:
    rows = [
        (
            *(r["run"], r["kind"], r["state"], f"{r['progress']:.0%}", r["model"]),
            *(moment(r["made"]), " · ".join(filter(None, (r["name"], ", ".join(r["tags"]))))),
        )
        for r in report["runs"]
    ]
    yield table(("run", "kind", "state", "done", "model", "made", "name, tags"), rows)


def _shown(run: Mapping[str, Any]) -> Iterable[RenderableType]:
    left = run["eta_seconds"]
    told = f", about {duration(left)} left" if left else ""
    yield f"Run {run['run']}: {run['kind']}, {run['state']} ({run['progress']:.0%}{told})"
    spec = {k: v for k, v in run["spec"].items() if isinstance(v, (str, int, float)) and v != ""}
    yield table(("of", ""), spec.items())
    if run["error"]:
        yield f"error: {run['error']['error']}. Next: {run['error'].get('hint', '')}"
    metrics = (run["result"] or {}).get("metrics")
    if isinstance(metrics, Mapping) and metrics:
        yield ""
        yield scores(metrics)
    yield from run["log"][-_LOG_LINES:]
