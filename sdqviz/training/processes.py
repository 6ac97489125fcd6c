"""Several processes that train one student: `accelerate launch -m sdqviz quantize ...`.

Every process records and calibrates for itself (the same numbers), learns from its share of each
batch, and averages the gradients with the others, so that all students stay equal. The first one
packs, evaluates and keeps the result.
"""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import torch
from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.base.settings import rank, world_size

T = TypeVar("T")


class Processes:
    """This process among its peers; alone it changes nothing."""

    def __init__(self, batch: int, device: torch.device) -> None:
        self.rank, self.count = rank(), world_size()
        self._accelerator: Any = None
        if self.count == 1:
            return
        if batch % (2 * self.count):
            raise SdqvizError(
                f"batch is {batch} for {self.count} processes",
                f"choose a multiple of {2 * self.count}: every process takes an equal share",
            )
        from accelerate import Accelerator

        self._accelerator = Accelerator(cpu=device.type == "cpu")

    def share(self, picks: Sequence[T]) -> Sequence[T]:
        """This process's part of a batch; paired branches stay together."""
        part = len(picks) // self.count
        return picks[self.rank * part : (self.rank + 1) * part]

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Every gradient becomes its mean over the processes."""
        if self._accelerator is None:
            return
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.grad = self._accelerator.reduce(parameter.grad, reduction="mean")

    def average(self, values: dict[str, float], device: torch.device) -> dict[str, float]:
        """Every number becomes its mean over the processes, so that all decide alike."""
        if self._accelerator is None or not values:
            return values
        stacked = torch.tensor(list(values.values()), device=device)
        mean = self._accelerator.reduce(stacked, reduction="mean").tolist()
        return dict(zip(values, mean, strict=True))
