"""Where the links of lessons lead: `app://TAB?run=ROLE&scene=ROLE&...` as an address of this app.

Runs and scenes are named by what they are: the bundled ones have other ids whenever they are made
anew. What else stands in a link is the page's own (`views/web/core/address.js`).
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import ABLATE, DEFAULT_RECIPE, LADDER
from sdqviz.results.ablation import AblationResult
from sdqviz.results.ladder import LadderResult
from sdqviz.results.scene import SceneRow
from sdqviz.store.blobs import Blobs
from sdqviz.store.runs import DONE, Run
from sdqviz.store.tended import FEATURED as TAG
from sdqviz.views.layers.histogram import layer_names, telling_layer
from sdqviz.views.runs.listing import finished, is_readable, typical, worst_first

SCHEME = "app"
FEATURED = "featured"
TYPICAL, WORST = "typical", "worst"
MOMENTS = {"early": 0.1, "middle": 0.5, "late": 0.9}  # share of the network calls
RECIPES = {"fidelity": DEFAULT_RECIPE, "round-nearest": "round_nearest"}  # role -> recipe
Made = TypeVar("Made", LadderResult, AblationResult)


class AbsentError(SdqvizError):
    """What a lesson names is not in this store."""


@dataclass(frozen=True)
class Places:
    """The runs of a store by what lessons call them. `demos` are the ids of the bundled runs;
    `pinned` is the run that every visitor sees first, if one is.
    """

    runs: Sequence[Run]
    blobs: Blobs
    demos: Sequence[str] = ()
    pinned: str = ""

    def address(self, link: str) -> str:
        """The query of the app's address that a lesson's link stands for, with its `?`. Raises
        AbsentError where what it names is not there.
        """
        parts = urlsplit(link)
        asked = dict(parse_qsl(parts.query, keep_blank_values=True))
        run = self.run(asked.get("run", FEATURED))
        others = [self.run(asked[name]) for name in ("a", "b") if asked.get(name) in RECIPES]
        row = self.scene(run, asked.get("scene", TYPICAL), others)
        found = {name: self._value(name, word, run, row) for name, word in asked.items()}
        return f"?{urlencode({'tab': parts.netloc, **found})}"

    def _value(self, name: str, word: str, run: Run, row: SceneRow) -> str:
        match name:
            case "run":
                return run.id
            case "scene":
                return row.id
            case "a" | "b" if word in RECIPES:
                other = self.run(word)
                return "student" if other.id == run.id else other.id
            case "t":
                last = len(row.timesteps) - 1
                return f"{row.timesteps[round(MOMENTS[word] * last)]:g}"
            case "layer":
                return self._telling(run)
        return word

    def has(self, what: str) -> bool:
        """Whether what a step needs is there."""
        made = {LADDER: self.ladder, "ablation": self.ablation}
        return made[what] is not None

    def run(self, role: str) -> Run:
        """The bundled run of a role, else the newest other one of the featured run's model."""
        if role == FEATURED:
            return self.featured
        wanted = [r for r in self._known if r.spec["recipe"] == RECIPES.get(role)]
        same = [r for r in wanted if r.spec["model"] == self.featured.spec["model"]]
        if not same:
            raise AbsentError(f"there is no run {role!r}", "quantize the model with that method")
        return same[0]

    @functools.cached_property
    def featured(self) -> Run:
        """The pinned run, else one with that tag, else the bundled one of the main method, else
        the newest.
        """
        pinned = [r for r in self._known if r.id == self.pinned]
        tagged = [r for r in self._known if TAG in r.tags]
        main = [r for r in self._known if r.spec["recipe"] == DEFAULT_RECIPE]
        for run in (*pinned, *tagged, *main, *self._known):
            return run
        raise AbsentError("there is no finished run", "quantize a model first")

    @functools.cached_property
    def ladder(self) -> LadderResult | None:
        """The newest ladder of the featured run's model."""
        return self._newest(LADDER, LadderResult)

    @functools.cached_property
    def ablation(self) -> AblationResult | None:
        return self._newest(ABLATE, AblationResult)

    def scene(self, run: Run, role: str, others: Sequence[Run] = ()) -> SceneRow:
        """The run's typical or worst scene, of those that the others drew too."""
        shared = [
            row
            for row in run.scenes
            if all(any(theirs.drawn_alike(row) for theirs in other.scenes) for other in others)
        ]
        if not shared:
            raise AbsentError(f"run {run.id} has no such scene", "choose another run")
        return worst_first(shared)[0] if role == WORST else typical(shared)

    def _newest(self, kind: str, what: type[Made]) -> Made | None:
        """The newest result of a kind, of the featured run's model."""
        made = [r for r in self.runs if r.kind == kind and r.state == DONE]
        same = (r.outcome for r in made if r.spec["model"] == self.featured.spec["model"])
        return next((found for found in same if isinstance(found, what)), None)

    @functools.cached_property
    def _known(self) -> list[Run]:
        """The finished runs, the bundled ones first."""
        there = [r for r in finished(self.runs) if is_readable(r)]
        return sorted(there, key=lambda r: r.id not in self.demos)

    def _telling(self, run: Run) -> str:
        name = telling_layer(layer_names(self.blobs, run.quantized.histograms))
        if name is None:
            raise AbsentError(f"run {run.id} kept no histograms", "choose another run")
        return name
