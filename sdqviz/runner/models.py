"""The last loaded model and student, kept so that the next run need not load them again."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from sdqviz.base.events import Event, Log, Progress
from sdqviz.base.keys import content_key
from sdqviz.base.request import FLOAT32
from sdqviz.families import loading, sources
from sdqviz.families.contract import Model
from sdqviz.families.scheduler_config import read_otherwise_before
from sdqviz.layers.checkpoint import build_student
from sdqviz.runner.fingerprints import Fingerprints, Read, model_files

READ = "read"  # what a run does before its first stage


@dataclass(frozen=True)
class Loaded:
    """A model with the content key of its files."""

    model: Model
    key: str


class ModelCache:
    """home: the data folder, where it is remembered what files hold; without one they are read
    whole each time.
    """

    def __init__(self, home: Path | None = None) -> None:
        self._fingerprints = Fingerprints(home)
        self._models: dict[tuple, Loaded] = {}
        self._students: dict[tuple, nn.Module] = {}

    def loading(
        self,
        name: str,
        config: str | None = None,
        device: str = "cpu",
        dtype: str = FLOAT32,
    ) -> Iterator[Event | Loaded]:
        """Events while the model is read, and at last the model itself."""
        source = sources.find(name, config)
        key, total = "", 0
        for step in self.fingerprint(source, device, dtype):
            if isinstance(step, str):
                key = step
            else:
                total = step.total
                place = f"{step.done / 1e9:.2f} of {total / 1e9:.2f} GB"
                yield Progress(stage=READ, done=step.done, total=total, place=place)
        place = (name, config, device, key)
        if place not in self._models:
            while len(self._models) >= 2:  # two: a comparison needs both
                self._models.pop(next(iter(self._models)))
            size = sum(file.stat().st_size for file in model_files(source.path))
            yield Log(message=f"loading {name}, {size / 1e9:.2f} GB")
            loads = f"loading {size / 1e9:.2f} GB"
            yield Progress(stage=READ, done=total, total=total, place=loads)
            self._models[place] = Loaded(loading.load(name, config, device, dtype), key)
        yield self._models[place]

    def fingerprint(
        self, source: sources.Source, device: str = "cpu", dtype: str = FLOAT32
    ) -> Iterator[Read | str]:
        """Bytes read so far, and at last the key of all files that fix what the model computes,
        and of how it is computed.
        """
        half: list[Any] = [] if dtype == FLOAT32 else [dtype]
        changed = read_otherwise_before(source.config or source.path)
        half += [changed] if changed else []
        # A single file's architecture and noise schedule are those of its config folder.
        digests = []
        paths = [path for path in (source.path, source.config) if path]
        sizes = [self._fingerprints.unread(path) for path in paths]
        for index, path in enumerate(paths):
            for step in self._fingerprints.digest(path):
                if isinstance(step, str):
                    digests.append(step)
                else:
                    yield Read(sum(sizes[:index]) + step.done, sum(sizes))
        yield content_key("model", *digests, device, *half)

    @staticmethod
    def key(source: sources.Source, device: str = "cpu", dtype: str = FLOAT32) -> str:
        """The model's key, its files read now."""
        *_, key = ModelCache().fingerprint(source, device, dtype)
        return str(key)

    def opening(self, spec: dict[str, Any]) -> Iterator[Event | Loaded]:
        """As `loading`, of the FP model that a run's spec names; specs of older versions name no
        dtype.
        """
        return self.loading(
            spec["model"],
            spec.get("model_config"),
            spec.get("device", "cpu"),
            spec.get("dtype", FLOAT32),
        )

    def of(self, spec: dict[str, Any]) -> Loaded:
        """The FP model that a run's spec names, without a word."""
        return _last(self.opening(spec))

    def model(
        self, name: str, config: str | None = None, device: str = "cpu", dtype: str = FLOAT32
    ) -> Loaded:
        """A model, without a word."""
        return _last(self.loading(name, config, device, dtype))

    def student(self, loaded: Loaded, file: Path) -> nn.Module:
        place = (loaded.key, file.name)
        if place not in self._students:
            self._students.clear()
            self._students[place] = build_student(loaded.model.network, file)
        return self._students[place]


def _last(steps: Iterator[Event | Loaded]) -> Loaded:
    *_, loaded = steps
    assert isinstance(loaded, Loaded)
    return loaded
