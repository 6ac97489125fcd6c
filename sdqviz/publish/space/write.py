"""Writes the folder of a Space."""

import re
from collections.abc import Sequence
from pathlib import Path

from sdqviz.base.errors import SdqvizError
from sdqviz.base.registry import named
from sdqviz.base.request import QUANTIZE
from sdqviz.publish.space.contract import PACKAGE, Kind, Space
from sdqviz.publish.space.readme import THUMBNAIL, space_readme
from sdqviz.store.runs import DONE, Run
from sdqviz.store.store import Store
from sdqviz.views.folder import new_folder
from sdqviz.views.report.sheet import comparison_sheet
from sdqviz.views.runs.listing import typical

_REPO = re.compile(r"[\w.-]+/[\w.-]+")


def write_space(
    store: Store, runs: Sequence[Run], kind: str, out: Path, title: str = "sdqviz", repo: str = ""
) -> Path:
    """A folder for `hf upload OWNER/NAME OUT --repo-type space`; the first run opens.

    Raises SdqvizError for a run that is not a finished quantize run, an unknown kind, and a folder
    that holds something; nothing half-written is left.
    """
    maker: Kind = named(PACKAGE, "KIND", kind)
    if not runs:
        raise SdqvizError("no run is named", "give one or more of `sdqviz runs list`")
    if repo and not _REPO.fullmatch(repo):
        raise SdqvizError(f"--repo {repo!r} is no OWNER/NAME", "give the Space's name on the hub")
    for run in runs:
        if run.kind != QUANTIZE or run.state != DONE or not run.scenes:
            raise SdqvizError(
                f"run {run.id} is a {run.kind} run that is {run.state}",
                "choose finished quantize runs",
            )
    space = Space(store=store, runs=tuple(runs), title=title, repo=repo)
    with new_folder(out, "the Space"):
        maker.write(space, out)
        (out / "README.md").write_text(space_readme(space, maker), encoding="utf-8")
        comparison_sheet(store.blobs, [typical(runs[0].scenes)], 1).save(out / THUMBNAIL)
    return out
