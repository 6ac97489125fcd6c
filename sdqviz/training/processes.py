"""Several processes that train one student: `accelerate launch -m sdqviz quantize ...`.

Every process records and calibrates for itself, takes over the first one's student, walks its
share of the scenes and hands their calls to the others, learns from its share of each batch, and
averages the gradients with the others, so that all students stay equal; once, they prove it. The
first one packs, evaluates and keeps the result.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.base.settings import rank, world_size

T = TypeVar("T")
BUCKET = 1 << 24  # numbers that are exchanged at a time: 64 MiB


class Processes:
    """This process among its peers; alone it changes nothing."""

    def __init__(self, batch: int, device: torch.device) -> None:
        self.rank, self.count, self.device = rank(), world_size(), device
        self._accelerator: Any = None
        self._proven = self.count == 1
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

    def owns(self, index: int) -> bool:
        """Whether the scene of this number is this process's to walk."""
        return index % self.count == self.rank

    def exchange(self, files: Sequence[Path]) -> None:
        """Every process gets each file of its owner (see `owns`)."""
        if self._accelerator is None:
            return
        from accelerate.utils import broadcast_object_list

        for index, file in enumerate(files):
            content = [file.read_bytes() if self.owns(index) else b""]
            broadcast_object_list(content, from_process=index % self.count)
            if not self.owns(index):
                file.write_bytes(content[0])

    def take_over(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Every tensor becomes the first process's."""
        if self._accelerator is None:
            return
        from accelerate.utils import broadcast

        for bucket in _buckets(tensors.values()):
            self._through(bucket, lambda flat: broadcast(flat, from_process=0))

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Every gradient becomes its mean over the processes."""
        if self._accelerator is None:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        for bucket in _buckets(gradients):
            self._through(bucket, lambda flat: self._accelerator.reduce(flat, reduction="mean"))

    def average(self, values: dict[str, float], device: torch.device) -> dict[str, float]:
        """Every number becomes its mean over the processes, so that all decide alike."""
        if self._accelerator is None or not values:
            return values
        stacked = torch.tensor(list(values.values()), device=device)
        mean = self._accelerator.reduce(stacked, reduction="mean").tolist()
        return dict(zip(values, mean, strict=True))

    def prove_equal(self, parameters: Iterable[torch.Tensor]) -> None:
        """Once: raises SdqvizError unless all processes hold the same bits."""
        if self._proven:
            return
        self._proven = True
        from accelerate.utils import gather_object

        digest = hashlib.sha256()
        for parameter in parameters:
            plain = parameter.detach().cpu().contiguous().view(-1).view(torch.uint8)
            digest.update(memoryview(plain.numpy()))
        if len(set(gather_object([digest.hexdigest()]))) > 1:
            raise SdqvizError(
                "the processes' students differ after their first step",
                "train on GPUs of one kind, or with one process",
            )

    @torch.no_grad()
    def _through(self, bucket: list[torch.Tensor], pass_on: Any) -> None:
        """The bucket's tensors as one, on the device, through `pass_on` and back."""
        flat = torch.cat([tensor.detach().flatten().to(self.device) for tensor in bucket])
        passed = pass_on(flat)
        parts = passed.split([tensor.numel() for tensor in bucket])
        for tensor, part in zip(bucket, parts, strict=True):
            tensor.copy_(part.view_as(tensor))


def _buckets(tensors: Iterable[torch.Tensor]) -> Iterator[list[torch.Tensor]]:
    """Tensors of one type each, about `BUCKET` numbers together; a larger one stays alone."""
    by_type: dict[torch.dtype, list[torch.Tensor]] = {}
    for tensor in tensors:
        by_type.setdefault(tensor.dtype, []).append(tensor)
    for alike in by_type.values():
        bucket: list[torch.Tensor] = []
        for tensor in alike:
            if bucket and sum(t.numel() for t in bucket) + tensor.numel() > BUCKET:
                yield bucket
                bucket = []
            bucket.append(tensor)
        yield bucket
