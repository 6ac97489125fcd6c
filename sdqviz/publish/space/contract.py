"""What a kind of Space is."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sdqviz.store.runs import Run
from sdqviz.store.store import Store

PACKAGE = "sdqviz.publish.space"


@dataclass(frozen=True, kw_only=True)
class Space:
    """What a Space shows. `runs` are finished quantize runs, the first one opens. `repo` is
    OWNER/NAME where it will live, where that is known.
    """

    store: Store
    runs: tuple[Run, ...]
    title: str
    repo: str = ""

    @property
    def hub_models(self) -> list[str]:
        """The hub's names of the runs' FP models. Folders of this machine are nobody's business."""
        names = {run.spec["model"] for run in self.runs}
        return sorted(
            name
            for name in names
            if name.count("/") == 1 and name[0] not in "./~" and not Path(name).exists()
        )


class Kind(Protocol):
    """`front` are the entries of the README's front matter that are this kind's own; `about` a
    paragraph of what visitors can do there.
    """

    name: str
    about: str

    def front(self, space: Space) -> dict[str, Any]: ...

    def write(self, space: Space, out: Path) -> None:
        """Adds to `out`, an empty folder, all but the README and the thumbnail."""
        ...
