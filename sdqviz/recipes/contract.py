"""What a recipe is."""

from typing import Any, Protocol

from sdqviz.stages.contract import Stage

PACKAGE = "sdqviz.recipes"


class Recipe(Protocol):
    name: str
    label: str
    summary: str
    config: type  # a config dataclass; its `plan` property gives the PlanConfig
    presets: dict[str, dict[str, Any]]  # preset name -> config values

    def stages(self) -> list[Stage]: ...
