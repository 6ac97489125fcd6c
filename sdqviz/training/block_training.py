"""One block learns its roundings, its ranges or both; everything else stands still."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from sdqviz.layers.fake import FakeLayer
from sdqviz.rounding.adaround import AdaRound
from sdqviz.rounding.held import Held
from sdqviz.training.block_losses import block_error
from sdqviz.training.reconstruction_options import ReconstructionOptions

WARMUP = 0.2  # share of the iterations before codes are driven apart
SHARPEST, BLUNTEST = 20.0, 2.0  # the regulariser's power falls from one to the other
RANGE_POWER = 2.4  # of the error that ranges learn from (Q-Diffusion)
WEIGHTS, RANGES, BOTH = "weights", "ranges", "both"


class BlockTraining:
    """Adam over one block's layers. `learns` says of what; `iterations` how often; `samples` of how
    many, which count alike until `sample_weights` [N] says otherwise.
    """

    def __init__(
        self,
        layers: Sequence[FakeLayer],
        learns: str,
        iterations: int,
        options: ReconstructionOptions,
        samples: int,
    ) -> None:
        self.layers, self.learns, self.iterations = layers, learns, iterations
        self.options = options
        self._named: dict[str, nn.Parameter] = {}
        groups: list[dict[str, Any]] = []
        if learns != RANGES:
            for layer in layers:
                layer.rounding = AdaRound(layer.current_weight(), layer.grid())
            lifts = {f"{i}.lift": own.lift for i, own in enumerate(self.roundings())}
            groups.append({"params": list(lifts.values()), "rate": options.rounding_rate})
            self._named |= lifts
        if learns != WEIGHTS:
            ranged = [layer.pairs for layer in layers if layer.pairs is not None]
            moved = {
                f"{index}.{name}": getattr(pairs, name).requires_grad_(True)
                for index, pairs in enumerate(ranged)
                for name in ("theta", "delta")
            }
            if moved:
                groups.append({"params": list(moved.values()), "rate": options.range_rate})
            self._named |= moved
        self.sample_weights = torch.ones(samples)
        self.empty = not self._named
        if not self.empty:
            self.optimizer = torch.optim.Adam(groups, lr=0.0)

    def roundings(self) -> list[AdaRound]:
        return [own.rounding for own in self.layers if isinstance(own.rounding, AdaRound)]

    @property
    def power(self) -> float:
        return RANGE_POWER if self.learns == RANGES else 2.0

    def loss(
        self,
        outputs: Sequence[torch.Tensor],
        targets: Sequence[torch.Tensor],
        inner: torch.Tensor,
        iteration: int,
        places: Sequence[int],
    ) -> torch.Tensor:
        """The block's error over these samples, that of the layers inside it, and what drives codes
        apart.
        """
        options = self.options
        weights = self.sample_weights[list(places)].to(outputs[0].device)
        value = block_error(outputs, targets, self.power, weights)
        if options.inner_layers:
            value = value + options.inner_layers * inner
        place = (iteration / self.iterations - WARMUP) / (1 - WARMUP)
        if options.hardness and self.learns != RANGES and place >= 0:
            sharpness = SHARPEST + (BLUNTEST - SHARPEST) * place
            hard = [own.regulariser(sharpness) for own in self.roundings()]
            value = value + options.hardness * torch.stack(hard).sum()
        return value

    def update(self, loss: torch.Tensor, iteration: int) -> None:
        """One step. Rates fall by a cosine, but for roundings that a regulariser drives, whose
        rate is AdaRound's constant one.
        """
        falling = 0.5 * (1 + math.cos(math.pi * iteration / self.iterations))
        for group in self.optimizer.param_groups:
            lifts = self.learns != RANGES and group is self.optimizer.param_groups[0]
            steady = lifts and self.options.hardness > 0
            group["lr"] = group["rate"] * (1.0 if steady else falling)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()

    def gradient(self, error: torch.Tensor) -> torch.Tensor:
        """Of an error with respect to everything that learns, as one vector."""
        parts = torch.autograd.grad(error, list(self._named.values()), allow_unused=True)
        return torch.cat(
            [
                torch.zeros_like(own).flatten() if part is None else part.flatten()
                for own, part in zip(self._named.values(), parts, strict=True)
            ]
        )

    @torch.no_grad()
    def settle(self) -> None:
        """Each code goes where it leans, for good; nothing learns any longer."""
        for layer in self.layers:
            if isinstance(layer.rounding, AdaRound):
                codes = layer.rounding.codes(layer.current_weight(), layer.grid())
                layer.rounding = Held(codes)
        for parameter in self._named.values():
            parameter.requires_grad_(False)
            parameter.grad = None

    def tensors(self) -> dict[str, torch.Tensor]:
        """What a resumed run needs."""
        found = {"sample_weights": self.sample_weights}
        for name, parameter in self._named.items():
            found[f"now.{name}"] = parameter.detach()
            for key, value in self.optimizer.state.get(parameter, {}).items():
                found[f"{key}.{name}"] = value
        return found

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        self.sample_weights = tensors["sample_weights"].clone()
        for name, parameter in self._named.items():
            parameter.copy_(tensors[f"now.{name}"])
            state = {
                key: tensors[f"{key}.{name}"].clone()
                for key in ("step", "exp_avg", "exp_avg_sq")
                if f"{key}.{name}" in tensors
            }
            if state:
                self.optimizer.state[parameter] = state
