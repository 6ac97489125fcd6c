"""The state of a training on disk: written whole or not at all, every half minute."""

import hashlib
import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from sdqviz.base.settings import checkpoint_seconds
from sdqviz.base.writing import clear_partials, keep_whole, own_partial, partial_file
from sdqviz.layers.tensor_file import write_tensors

_WRITES = 10.0  # a state that takes long to write is written at most a tenth of the time


class Checkpoints:
    """`folder` holds the state of the training that `key` names, and its serial buffers.

    The state's file is named by the SHA-256 of its bytes: a torn one is known as such.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = folder / key[:16]
        self._key, self.torn = key, False
        self._last, self._cost = time.monotonic(), 0.0
        self._every = checkpoint_seconds()

    def due(self) -> bool:
        """Whether the last write is half a minute (or ten times its own length) ago."""
        return time.monotonic() - self._last >= max(self._every, _WRITES * self._cost)

    def save(self, numbers: dict[str, Any], tensors: dict[str, torch.Tensor]) -> None:
        started = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        with partial_file(own_partial(self.folder / "state")) as partial:
            write_tensors(partial, tensors, {"numbers": json.dumps(numbers), "key": self._key})
            with partial.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            before, now = self._states(), self.folder / f"state-{digest}.safetensors"
            keep_whole(partial, now)
        for file in before:
            if file != now:
                file.unlink(missing_ok=True)
        self._last = time.monotonic()
        self._cost = self._last - started

    def load(self) -> tuple[dict[str, Any], Mapping[str, torch.Tensor]] | None:
        """(numbers, tensors) of the last write, or None when there is none. Each tensor is read
        when it is asked for, and forgotten by this side then. `torn` says then whether there was
        a state that is damaged; all of the training's files are gone.
        """
        clear_partials(self.folder)
        found = self._states()
        whole = [file for file in found if _is_whole(file)]
        if not whole:
            self.torn = bool(found)
            if found:
                self.remove()
            return None
        with safe_open(whole[-1], framework="pt") as opened:
            metadata = opened.metadata()
        if metadata.get("key") != self._key:
            return None
        return json.loads(metadata["numbers"]), _SavedTensors(whole[-1])

    def _states(self) -> list[Path]:
        """The files of states, the newest last: two where a write was cut short."""
        return sorted(self.folder.glob("state*.safetensors"), key=lambda f: f.stat().st_mtime_ns)

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


def _is_whole(file: Path) -> bool:
    """Whether a state's bytes are those that its name tells of; older versions' names tell none."""
    if file.stem == "state":
        return True
    with file.open("rb") as opened:
        return file.stem.removeprefix("state-") == hashlib.file_digest(opened, "sha256").hexdigest()
