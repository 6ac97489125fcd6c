"""Which engine computed the layers."""

from collections.abc import Mapping
from dataclasses import dataclass

from sdqviz.results.row import Row

WEIGHT_ONLY = "weight-only"  # in the place of an engine, where no layer needs one
INTEGER = "integer"


@dataclass(frozen=True, kw_only=True)
class EngineReport(Row):
    """On the machine that made the run (`measure.layer_facts.engine_report`)."""

    layers: Mapping[str, int]  # engine -> how many layers it serves
    weight_only: int | None = None  # layers whose input stays FP by plan; None in older runs
    arithmetic: str  # "integer" or "simulated"
    refusals: Mapping[str, str]  # a better engine -> why it does not serve

    @property
    def is_simulated(self) -> bool:
        """Whether its seconds are those of a simulation, not of an integer kernel."""
        return self.arithmetic != INTEGER

    @property
    def weight_only_beside(self) -> int:
        """Layers with FP input, beside those that an engine serves."""
        return 0 if WEIGHT_ONLY in self.layers else self.weight_only or 0
