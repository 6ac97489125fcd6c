"""Some values of a layer's tensor, all are too many to keep: the same places for both models."""

import torch

from sdqviz.base.keys import seed_from

SAMPLES = 2048  # values of one call's tensor


class SampledValues:
    """Draws places anew at every call; two of these draw the same places in the same order."""

    def __init__(self) -> None:
        self._draws: dict[str, torch.Generator] = {}

    def of(self, name: str, tensor: torch.Tensor) -> torch.Tensor:
        """At most SAMPLES of the tensor's values: float32 [n], on the CPU."""
        if name not in self._draws:
            self._draws[name] = torch.Generator().manual_seed(seed_from("pair", name))
        values = tensor.detach().flatten()
        count = min(SAMPLES, len(values))
        places = torch.randint(len(values), (count,), generator=self._draws[name])
        return values[places.to(values.device)].to("cpu", torch.float32)
