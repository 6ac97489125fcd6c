"""How much each network call of a trajectory matters."""

from dataclasses import dataclass

from sdqviz.products.contract import Product


@dataclass(frozen=True)
class Influence(Product):
    """One weight a call, in sampling order, of mean 1."""

    calls: tuple[float, ...]
