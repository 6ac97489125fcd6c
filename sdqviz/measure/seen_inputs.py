"""What the calibration scenes brought to each layer's input: a sample, and the extremes."""

import io
import math
from dataclasses import dataclass, field

import numpy as np
import torch

from sdqviz.layers.ranges import TEXT_ROWS
from sdqviz.quant.equalise import ChannelRange

SAMPLES_PER_CALL = 1024
BINS = 64
ANY = math.nan  # the timestep of an input that has one range for all


@dataclass
class SeenInputs:
    """What the calibration scenes brought to one layer's input, by timestep."""

    values: dict[float, list[torch.Tensor]] = field(default_factory=dict)  # a random sample
    channels: dict[float, list[torch.Tensor]] = field(default_factory=dict)  # of those values
    low: dict[float, list[torch.Tensor]] = field(default_factory=dict)  # [I] of each call
    high: dict[float, list[torch.Tensor]] = field(default_factory=dict)
    squares: list[torch.Tensor] = field(default_factory=list)  # mean squares [I], one per call
    first_token: float = 0.0  # largest magnitude of the first token, and of all others
    other_tokens: float = 0.0

    def ranges(self) -> ChannelRange:
        low = torch.stack([torch.stack(rows).amin(dim=0) for rows in self.low.values()])
        high = torch.stack([torch.stack(rows).amax(dim=0) for rows in self.high.values()])
        return ChannelRange(low, high, torch.stack(self.squares).mean(dim=0))

    def sample(self, timestep: float, factor: torch.Tensor | None) -> torch.Tensor:
        """The values at a timestep and the extremes of each call, as the quantizer meets them."""
        values = torch.cat(self.values[timestep])
        low, high = torch.stack(self.low[timestep]), torch.stack(self.high[timestep])
        if factor is not None:
            values = values * factor[torch.cat(self.channels[timestep])]
            low, high = low * factor, high * factor
        return torch.cat((values, low.amin(dim=1), high.amax(dim=1)))

    def see_tokens(self, x: torch.Tensor) -> None:
        """Of a text embedding [B, N, I]: how large its chunks' first tokens are, and all others."""
        begins = torch.arange(x.shape[1], device=x.device) % TEXT_ROWS == 0
        self.first_token = max(self.first_token, x[:, begins].abs().max().item())
        self.other_tokens = max(self.other_tokens, x[:, ~begins].abs().max().item())

    def add(self, timestep: float, x: torch.Tensor, draw: torch.Generator) -> None:
        """Of one call's input [B, I, h, w] or [B, ..., I]: a random sample and the extremes."""
        rows = x.detach().movedim(1, -1) if x.dim() == 4 else x.detach()
        rows = rows.flatten(0, -2).to(torch.float32)  # [N, I]
        # Random places: a stride that shares a factor with I would meet few of the channels.
        count = min(SAMPLES_PER_CALL, rows.numel())
        places = torch.randint(rows.numel(), (count,), generator=draw)
        self.values.setdefault(timestep, []).append(rows.flatten()[places.to(x.device)].cpu())
        self.channels.setdefault(timestep, []).append(places % rows.shape[1])
        self.low.setdefault(timestep, []).append(rows.amin(dim=0).cpu())
        self.high.setdefault(timestep, []).append(rows.amax(dim=0).cpu())
        self.squares.append(rows.square().mean(dim=0).cpu())


def histograms(seen: dict[str, SeenInputs], factors: dict[str, torch.Tensor]) -> bytes:
    """An npz: per layer `NAME|edges` float32 [65], `NAME|timesteps` [T], `NAME|counts` [T, 64].

    Of what the quantizer meets, so after equalisation. The edges are shared by all timesteps of a
    layer, so that rows can be compared.
    """
    arrays: dict[str, np.ndarray] = {}
    for name, own in seen.items():
        values = {t: own.sample(t, factors.get(name)).numpy() for t in own.values}
        low = min(v.min() for v in values.values())
        high = max(v.max() for v in values.values())
        edges = np.linspace(low, high if high > low else low + 1, BINS + 1, dtype=np.float32)
        arrays[f"{name}|edges"] = edges
        arrays[f"{name}|timesteps"] = np.array(list(values), dtype=np.float32)
        arrays[f"{name}|counts"] = np.stack(
            [np.histogram(v, edges)[0].astype(np.uint32) for v in values.values()]
        )
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()
