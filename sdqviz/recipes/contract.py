"""What a recipe is: a method as data, a list of stages and what it says of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sdqviz.base.config import complete, schema
from sdqviz.base.errors import SdqvizError
from sdqviz.stages.contract import Stage

PACKAGE = "sdqviz.recipes"


@dataclass(frozen=True)
class Step:
    """A stage of a recipe. `defaults` replace those of its options; `fixed` are taken from the
    user's hands. `when` names a setting of the recipe: falsy, the step is left out.
    """

    stage: type[Stage]
    defaults: Mapping[str, Any] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    when: str = ""

    def schema(self) -> list[dict[str, Any]]:
        """The options that the user may set, as `base.config.schema`, with the stage's name."""
        return [
            {**entry, "default": self.defaults.get(entry["name"], entry["default"])}
            | {"stage": self.stage.name}
            for entry in schema(self.stage)
            if entry["name"] not in self.fixed
        ]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A method. `presets`: name -> settings, the others at their defaults; the first one is the
    quickest. `families`: those it serves, all where empty. `paper`: an arXiv number.
    """

    name: str
    label: str
    summary: str
    steps: tuple[Step, ...]
    presets: Mapping[str, Mapping[str, Any]]
    paper: str = ""
    families: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        owners: dict[str, str] = {}
        for entry in self.schema():
            owner = owners.setdefault(entry["name"], entry["stage"])
            if owner != entry["stage"]:
                raise SdqvizError(
                    f"recipe {self.name}: {owner} and {entry['stage']} both have an option "
                    f"{entry['name']!r}",
                    "rename one, or fix it in the step",
                )
        unknown = [step.when for step in self.steps if step.when and step.when not in owners]
        for preset in self.presets.values():
            complete(self.schema(), dict(preset), f"a preset of {self.name}")
        if unknown:
            raise SdqvizError(
                f"recipe {self.name}: no setting {unknown[0]!r}", "name one of its options"
            )

    def schema(self) -> list[dict[str, Any]]:
        """Every setting of the recipe, stage by stage."""
        return [entry for step in self.steps for entry in step.schema()]

    @property
    def effort(self) -> tuple[str, ...]:
        """The settings that the training's time and samples are proportional to; none where
        nothing is trained.
        """
        own = {entry["name"] for entry in self.schema()}
        return tuple(name for step in self.steps for name in step.stage.effort if name in own)

    def stages(self, config: Mapping[str, Any] | None = None) -> list[Stage]:
        """The stages with their options, from settings that are checked and completed here."""
        values = complete(self.schema(), dict(config or {}), self.name)
        built = []
        for step in self.steps:
            if step.when and not values[step.when]:
                continue
            built.append(step.stage.of({**values, **step.fixed}))
        return built
