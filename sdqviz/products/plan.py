"""The plan that a run's layers follow."""

from dataclasses import dataclass

from sdqviz.layers.plan import LayerPlan, PlanConfig
from sdqviz.products.contract import Product


@dataclass(frozen=True)
class Plan(Product):
    """Layer name -> how it is quantized, and the settings that this came from."""

    layers: dict[str, LayerPlan]
    settings: PlanConfig

    @property
    def ranged(self) -> list[str]:
        """The layers whose input is rounded."""
        return [name for name, layer in self.layers.items() if layer.activation is not None]

    @property
    def rounded(self) -> list[LayerPlan]:
        """The layers whose weight is rounded."""
        return [layer for layer in self.layers.values() if layer.weight is not None]

    @property
    def has_time_table(self) -> bool:
        return self.settings.time_rows != "none"
