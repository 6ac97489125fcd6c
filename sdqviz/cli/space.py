"""`sdqviz space`: a folder for a Hugging Face Space."""

from pathlib import Path
from typing import Annotated

import typer

from sdqviz.cli.runs import Json, open_store
from sdqviz.cli.terminal import emit


def space_command(
    runs: Annotated[list[str], typer.Argument(help="Run ids, or their first letters.")],
    out: Annotated[Path, typer.Option(help="An empty or new folder.")],
    kind: Annotated[str, typer.Option(help="static: no server. docker: the app on a CPU.")] = (
        "static"
    ),
    title: Annotated[str, typer.Option(help="The Space's title.")] = "sdqviz",
    repo: Annotated[str, typer.Option(help="OWNER/NAME on the hub, for its thumbnail.")] = "",
    as_json: Json = False,
) -> None:
    """Write a folder that is ready for `hf upload OWNER/NAME FOLDER --repo-type space`."""
    from sdqviz.publish.space.write import write_space

    store = open_store()
    chosen = [store.runs.get(run) for run in runs]
    folder = write_space(store, chosen, kind, out, title, repo)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    emit(
        {"space": str(folder), "kind": kind, "bytes": size, "runs": [r.id for r in chosen]}, as_json
    )
