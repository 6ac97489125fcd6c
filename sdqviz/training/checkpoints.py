"""The state of a training on disk: written whole or not at all, every half minute."""

import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from sdqviz.base.settings import checkpoint_seconds
from sdqviz.layers.tensor_file import write_tensors

_WRITES = 10.0  # a state that takes long to write is written at most a tenth of the time


class Checkpoints:
    """`folder` holds the state of the training that `key` names, and its serial buffers."""

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = folder / key[:16]
        self._key, self._file = key, self.folder / "state.safetensors"
        self._last, self._cost = time.monotonic(), 0.0
        self._every = checkpoint_seconds()

    def due(self) -> bool:
        """Whether the last write is half a minute (or ten times its own length) ago."""
        return time.monotonic() - self._last >= max(self._every, _WRITES * self._cost)

    def save(self, numbers: dict[str, Any], tensors: dict[str, torch.Tensor]) -> None:
        started = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_suffix(".partial")
        write_tensors(partial, tensors, {"numbers": json.dumps(numbers), "key": self._key})
        partial.replace(self._file)
        self._last = time.monotonic()
        self._cost = self._last - started

    def load(self) -> tuple[dict[str, Any], Mapping[str, torch.Tensor]] | None:
        """(numbers, tensors) of the last write, or None when there is none. Each tensor is read
        when it is asked for, and forgotten by this side then.
        """
        if not self._file.exists():
            return None
        with safe_open(self._file, framework="pt") as opened:
            metadata = opened.metadata()
        if metadata.get("key") != self._key:
            return None
        return json.loads(metadata["numbers"]), _SavedTensors(self._file)

    def forget(self, folder: Path) -> None:
        """Deletes a serial buffer that no later step reads."""
        shutil.rmtree(folder, ignore_errors=True)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class _SavedTensors(Mapping[str, torch.Tensor]):
    def __init__(self, file: Path) -> None:
        self._file = safe_open(file, framework="pt")
        self._names = dict.fromkeys(self._file.keys())

    def __getitem__(self, name: str) -> torch.Tensor:
        if name not in self._names:
            raise KeyError(name)
        return self._file.get_tensor(name).clone()  # not a view of the mapped file

    def __contains__(self, name: object) -> bool:
        return name in self._names  # without reading it

    def __iter__(self):
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
