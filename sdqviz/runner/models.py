"""The last loaded model and student, kept so that the next run need not load them again."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from sdqviz.base.keys import content_key
from sdqviz.base.request import FLOAT32
from sdqviz.families import loading, sources
from sdqviz.families.contract import Model
from sdqviz.families.scheduler_config import read_otherwise_before
from sdqviz.layers.checkpoint import build_student


@dataclass(frozen=True)
class Loaded:
    """A model with the content key of its files."""

    model: Model
    key: str


class ModelCache:
    def __init__(self) -> None:
        self._models: dict[tuple, Loaded] = {}
        self._students: dict[tuple, nn.Module] = {}

    def model(
        self,
        name: str,
        config: str | None = None,
        device: str = "cpu",
        dtype: str = FLOAT32,
    ) -> Loaded:
        source = sources.find(name, config)
        key = self.key(source, device, dtype)
        place = (name, config, device, key)
        if place not in self._models:
            while len(self._models) >= 2:  # two: a comparison needs both
                self._models.pop(next(iter(self._models)))
            self._models[place] = Loaded(loading.load(name, config, device, dtype), key)
        return self._models[place]

    @staticmethod
    def key(source: sources.Source, device: str = "cpu", dtype: str = FLOAT32) -> str:
        """Of all files that fix what the model computes, and how it is computed."""
        half = [] if dtype == FLOAT32 else [dtype]
        # A single file's architecture and noise schedule are those of its config folder.
        configs = [_digest(source.config)] if source.config else []
        changed = read_otherwise_before(source.config or source.path)
        half += [changed] if changed else []
        return content_key("model", _digest(source.path), *configs, device, *half)

    def of(self, spec: dict[str, Any]) -> Loaded:
        """The FP model that a run's spec names; specs of older versions name no dtype."""
        return self.model(
            spec["model"],
            spec.get("model_config"),
            spec.get("device", "cpu"),
            spec.get("dtype", FLOAT32),
        )

    def student(self, loaded: Loaded, file: Path) -> nn.Module:
        place = (loaded.key, file.name)
        if place not in self._students:
            self._students.clear()
            self._students[place] = build_student(loaded.model.network, file)
        return self._students[place]


def _digest(path: Path) -> str:
    """SHA-256 over the configs and weights of a folder, or over one file."""
    digest = hashlib.sha256()
    wanted = (".safetensors", ".json", ".txt")
    files = sorted(p for p in path.rglob("*") if p.suffix in wanted) if path.is_dir() else [path]
    for file in files:
        digest.update(str(file.relative_to(path)).encode())
        with file.open("rb") as opened:
            while block := opened.read(1 << 22):
                digest.update(block)
    return digest.hexdigest()
