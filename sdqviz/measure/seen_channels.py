"""How far each input channel of the layers reaches: what equalisation is chosen from."""

import torch

from sdqviz.quant.equalise import ChannelRange


class SeenChannels:
    """Running extremes [P, I] at each of P timesteps and mean squares [I] of one layer's input, on
    the device of what it sees; nothing is read back.
    """

    def __init__(self, timesteps: int) -> None:
        self._timesteps = timesteps
        self._calls = 0
        self._visited: set[int] = set()
        self._low: torch.Tensor | None = None

    def add(self, place: int, x: torch.Tensor) -> None:
        """One call's input [B, I, h, w] or [B, ..., I] at timestep number `place`."""
        x = x.detach().to(torch.float32)
        axis = 1 if x.dim() == 4 else x.dim() - 1
        others = [d for d in range(x.dim()) if d != axis]
        low, high, power = x.amin(others), x.amax(others), x.square().mean(others)
        if self._low is None:
            blank = torch.full((self._timesteps, len(low)), torch.inf, device=x.device)
            self._low, self._high, self._power = blank, -blank, torch.zeros_like(low)
        self._low[place] = torch.minimum(self._low[place], low)
        self._high[place] = torch.maximum(self._high[place], high)
        self._power += power
        self._visited.add(place)
        self._calls += 1

    def ranges(self) -> ChannelRange:
        assert self._low is not None
        low, high = ([ends[p] for p in sorted(self._visited)] for ends in (self._low, self._high))
        return ChannelRange(torch.stack(low), torch.stack(high), self._power / self._calls)
