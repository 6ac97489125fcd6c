"""What a catalog says of the stages: how a page names them, which can be finished early."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sdqviz.base.assets import assets_folder

# Of runs that work no recipe, and of one that has not begun.
_OTHERS = {"": "starting", "read": "reading the model", "score": "scoring its pictures"}


@dataclass(frozen=True)
class StageNames:
    labels: Mapping[str, str]
    can_finish_early: frozenset[str]
    learned: frozenset[str]  # those that can be finished early, and all that come after one

    @staticmethod
    def of(catalog: Mapping[str, Any]) -> "StageNames":
        """From a catalog as `runner.catalog` makes it."""
        recipes = [recipe["stages"] for recipe in catalog["recipes"]]
        stages = [stage for recipe in recipes for stage in recipe]
        early = frozenset(stage["name"] for stage in stages if stage["can_finish_early"])
        learned: set[str] = set()
        for recipe in recipes:
            names = [stage["name"] for stage in recipe]
            first = next((place for place, name in enumerate(names) if name in early), len(names))
            learned |= set(names[first:])
        labels = {stage["name"]: stage["label"] for stage in stages}
        return StageNames({**_OTHERS, **labels}, early, frozenset(learned))

    @staticmethod
    def shipped() -> "StageNames":
        """Of the recipes that ship."""
        file = assets_folder() / "catalog.json"
        return StageNames.of(json.loads(file.read_text(encoding="utf-8")))

    def label(self, stage: str) -> str:
        """A stage of a recipe that is not here keeps its bare name."""
        return self.labels.get(stage, stage)
