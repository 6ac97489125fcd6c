"""What the calibration scenes brought to each layer's input: running histograms by timestep."""

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from sdqviz.base.errors import SdqvizError
from sdqviz.layers.ranges import TEXT_ROWS
from sdqviz.quant.histograms import Histograms, over_edges

SHOWN_BINS = 64
ANY = math.nan  # the timestep of an input that has one range for all


@dataclass(frozen=True)
class SeenRows:
    """Timesteps that share a range, with the rows of what was seen at them."""

    timesteps: list[float]
    rows: list[int]


class SeenInputs:
    """One row of histograms for each layer and timestep, as the quantizer meets its input. Of a
    text embedding two, its first token's and that of all others.

    timesteps: layer -> its timesteps upwards, or [ANY]. Memory does not grow with what is seen.
    """

    def __init__(
        self, timesteps: Mapping[str, list[float]], texts: set[str], device: torch.device
    ) -> None:
        self._timesteps, self._texts = timesteps, texts
        self._first: dict[str, int] = {}
        count = 0
        for name, own in timesteps.items():
            self._first[name] = count
            count += 2 if name in texts else len(own)
        self._place = {name: {t: i for i, t in enumerate(own)} for name, own in timesteps.items()}
        self.seen = Histograms(count, device)

    def add(self, name: str, timestep: float, x: torch.Tensor) -> None:
        """Counts one call's input; a text embedding is [B, N, I]."""
        first = self._first[name]
        if name in self._texts:
            chunks = x.split(TEXT_ROWS, dim=1)  # slices: a mask would make a GPU wait
            self.seen.add(first, torch.cat([chunk[:, :1] for chunk in chunks], dim=1))
            self.seen.add(first + 1, torch.cat([chunk[:, 1:] for chunk in chunks], dim=1))
        else:
            place = self._place[name].get(timestep, 0)
            self.seen.add(first + place, x)

    def check(self) -> None:
        """Raises SdqvizError where a NaN or an infinity was seen."""
        reach = self._reach()
        wrong = reach.isnan() | (reach == torch.inf)
        if not wrong.any():
            return
        first = int(wrong.nonzero()[0])
        name = [name for name, row in self._first.items() if row <= first][-1]
        own = self._timesteps[name][min(first - self._first[name], len(self._timesteps[name]) - 1)]
        at = "" if math.isnan(own) else f" at timestep {own:g}"
        raise SdqvizError(
            f"layer {name}: an input is NaN or infinite{at}", "the model overflows; try float32"
        )

    def first_token_excess(self) -> dict[str, float]:
        """Layer -> how many times as large the first token is as all others."""
        reach = self._reach().tolist()
        rows = {name: self._first[name] for name in self._timesteps if name in self._texts}
        return {n: reach[row] / max(reach[row + 1], 1e-30) for n, row in rows.items()}

    def groups(self, name: str, size: int, without_first_token: bool) -> list[SeenRows]:
        """Groups of `size` neighbouring timesteps, the last maybe shorter."""
        own = self._timesteps[name]
        found = []
        for start in range(0, len(own), size):
            places = range(start, min(start + size, len(own)))
            rows = [row for place in places for row in self._rows(name, place)]
            found.append(SeenRows([own[p] for p in places], rows[without_first_token:]))
        return found

    def shown(self) -> bytes:
        """An npz: per layer `NAME|edges` float32 [65], `NAME|timesteps` [T], `NAME|counts`
        uint32 [T, 64]. The edges are shared by all timesteps of a layer, so that rows can be
        compared.
        """
        arrays: dict[str, np.ndarray] = {}
        names = [name for name, own in self._timesteps.items() for _ in own]
        rows = [self._rows(n, p) for n, own in self._timesteps.items() for p in range(len(own))]
        seen = self.seen.merged(rows).to("cpu")
        for name, own in self._timesteps.items():
            first = names.index(name)
            low = seen.low[first : first + len(own)].min().item()
            high = seen.high[first : first + len(own)].max().item()
            edges = torch.linspace(low, high if high > low else low + 1, SHOWN_BINS + 1)
            counts = [over_edges(seen, row, edges) for row in range(first, first + len(own))]
            whole = torch.stack(counts).round().clamp(max=2**32 - 1)
            arrays[f"{name}|edges"] = edges.numpy()
            arrays[f"{name}|timesteps"] = np.array(own, dtype=np.float32)
            arrays[f"{name}|counts"] = whole.numpy().astype(np.uint32)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
        return buffer.getvalue()

    def _rows(self, name: str, place: int) -> list[int]:
        first = self._first[name]
        return [first, first + 1] if name in self._texts else [first + place]

    def _reach(self) -> torch.Tensor:
        """The largest magnitude of each row, on the CPU; minus infinity where nothing was seen."""
        return torch.maximum(self.seen.high, -self.seen.low).cpu()
