"""What flowed into and out of a block, sample after sample, kept on disk.

The rows of a batch lie in files, some samples in each, in half precision as trajectories are: read
back, they cost page cache, not memory, whatever their number.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file

from sdqviz.base.reading import reading
from sdqviz.base.writing import clear_partials, own_partial, partial_file
from sdqviz.layers.tensor_file import write_tensors


class BlockCalls:
    """Rows of named groups of tensors, in the order in which batches of them were added. What the
    folder holds of an interrupted capture is found again.
    """

    def __init__(self, folder: Path, half: torch.dtype) -> None:
        self.folder, self._half = folder, half
        folder.mkdir(parents=True, exist_ok=True)
        clear_partials(folder)
        self._files: list[dict[str, torch.Tensor]] = []
        while (file := self._file(len(self._files))).exists():
            with reading(file, f"delete {folder.parent}: it starts anew when it is resumed"):
                self._files.append(load_file(file))

    def _file(self, index: int) -> Path:
        return self.folder / f"{index}.safetensors"

    @property
    def batches(self) -> int:
        """How many batches are there."""
        return len(self._files)

    def add(self, groups: dict[str, Sequence[torch.Tensor]]) -> None:
        """One batch: group -> its tensors, each [B, ...]."""
        named = {
            f"{group}.{index}": self._kept(tensor)
            for group, tensors in groups.items()
            for index, tensor in enumerate(tensors)
        }
        file = self._file(len(self._files))
        with partial_file(own_partial(file), file) as partial:
            write_tensors(partial, named)
        self._files.append(load_file(file))

    def _kept(self, tensor: torch.Tensor) -> torch.Tensor:
        tensor = tensor.detach().cpu().contiguous()
        half = tensor.to(self._half)  # whose range float16's may not be
        return half.clone() if half.isfinite().all() else tensor.to(torch.float32)

    def __len__(self) -> int:
        return sum(map(_rows, self._files))

    def rows(
        self, group: str, places: Sequence[int], device: torch.device
    ) -> tuple[torch.Tensor, ...]:
        """The group's tensors of these rows, float32 on the device."""
        found = [self._find(place) for place in places]
        names = sorted(
            (name for name in self._files[0] if name.startswith(f"{group}.")),
            key=lambda name: int(name.rpartition(".")[2]),
        )
        return tuple(
            torch.stack([file[name][row].to(torch.float32) for file, row in found]).to(device)
            for name in names
        )

    def _find(self, place: int) -> tuple[dict[str, torch.Tensor], int]:
        for file in self._files:
            if place < _rows(file):
                return file, place
            place -= _rows(file)
        raise IndexError(place)


def _rows(file: dict[str, torch.Tensor]) -> int:
    return len(next(iter(file.values())))
