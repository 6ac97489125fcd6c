"""The picture files of a scene."""

from collections.abc import Mapping
from dataclasses import dataclass

from sdqviz.results.row import Row


@dataclass(frozen=True, kw_only=True)
class Pictures(Row):
    """Blob names of PNG files, uint8 RGB at the scene's own size.

    `others` has the map of each metric that draws one, by the metric's name; see `maps`.
    """

    fp: str
    student: str
    other_seed: str  # the FP model's with the next seed: the ceiling's
    rounded: str | None = None  # the noise floor's (`results.metric`); None in older runs

    @property
    def maps(self) -> Mapping[str, str]:
        """Metric -> blob of its map of FP against the quantized picture."""
        return self.others

    @property
    def blobs(self) -> list[str]:
        """All files."""
        return list(self.as_row().values())

    def of(self, who: str) -> str | None:
        """The picture or map of this name; None where the run has none."""
        return self.as_row().get(who)


@dataclass(frozen=True, kw_only=True)
class Previews(Row):
    """What each model aims at: the predicted x0 of every call, blobs of two WebP strips with one
    cell a call (`measure.previews`).
    """

    fp: str
    student: str
    width: int  # of a cell, in pixels
    height: int
    how: str  # "decoded" by the autoencoder, or "projected" to colours
