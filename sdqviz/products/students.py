"""The quantized network: as a training leaves it, and packed."""

from dataclasses import dataclass

from torch import nn

from sdqviz.products.contract import Product


@dataclass(frozen=True)
class Learned(Product):
    """A trained network of fake layers, to be packed."""

    network: nn.Module
    steps: int  # optimiser steps that were asked for


@dataclass(frozen=True)
class Student(Product):
    """The packed network."""

    network: nn.Module
