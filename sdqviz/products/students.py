"""The quantized network: as a training leaves it, and packed."""

from dataclasses import dataclass

from torch import nn

from sdqviz.products.contract import Product


@dataclass
class Learned(Product):
    """A trained network of fake layers, to be packed."""

    network: nn.Module
    steps: int  # optimiser steps that were asked for

    def free(self) -> None:
        """Lets go of the network, which is packed: evaluation needs the room."""
        self.network = nn.Module()


@dataclass(frozen=True)
class Student(Product):
    """The packed network."""

    network: nn.Module
