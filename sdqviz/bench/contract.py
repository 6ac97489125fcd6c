"""What a contender of the benchmark is, and the two kinds that several files share."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn

from sdqviz.bench.networks import Size, fp_network, packed_network

PACKAGE = "sdqviz.bench.contenders"
Step = Callable[[], object]


class Contender(Protocol):
    name: str  # as --engines takes it
    label: str  # in the table
    order: int  # its place there
    packages: tuple[str, ...]  # importable names of the optional packages it needs

    def build(self, size: Size) -> Step:
        """Makes the network, ready to run; each call of the result is one step, both guidance
        branches in one batch.
        """
        ...


def missing(contender: Contender) -> str | None:
    """The note of a contender whose packages are not installed."""
    absent = []
    for name in contender.packages:
        try:
            found = importlib.util.find_spec(name)
        except ModuleNotFoundError:  # the package around it is absent
            found = None
        if found is None:
            absent.append(name)
    if not absent:
        return None
    return f"{', '.join(absent)} not installed: pip install 'sdqviz[bench]'"


@dataclass(frozen=True)
class Built:
    """A contender that one function makes."""

    name: str
    label: str
    order: int
    build: Callable[[Size], Step]
    packages: tuple[str, ...] = ()


def eager_fp(name: str, label: str, order: int, dtype: str, compiled: bool = False) -> Built:
    """The FP network as PyTorch runs it."""
    kind = getattr(torch, dtype)

    def build(size: Size) -> Step:
        network = fp_network(size, kind)
        if compiled:
            network.compile(dynamic=False)
        return torch_step(network, size, kind)

    return Built(name, label, order, build)


def packed(name: str, label: str, order: int, resident: str, compiled: bool = False) -> Built:
    """Our network, all that is not integer in bfloat16."""

    def build(size: Size) -> Step:
        network = packed_network(size, torch.bfloat16, resident)
        network.to(memory_format=torch.channels_last)
        if compiled:
            network.compile(dynamic=False)
        return torch_step(network, size, torch.bfloat16)

    return Built(name, label, order, build)


def torch_step(network: nn.Module, size: Size, dtype: torch.dtype) -> Step:
    inputs = size.inputs(dtype)

    def step() -> torch.Tensor:
        with torch.inference_mode():
            return network(**inputs).sample

    return step
