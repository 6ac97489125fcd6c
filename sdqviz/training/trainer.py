"""The trained side of a student: its parameters, their learning rates, the moving average."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.layers.fake import FakeLayer, fake_layers

ALL, SCALES, LORA = "all", "scales", "lora"
TRAINABLE = (ALL, SCALES, LORA)
WARMUP = 0.05  # share of the steps in which the rates rise from zero
BIAS_PACE = 10.0  # a bias may move this many times as fast as a weight


class Trainer:
    """AdamW over the fake layers of `student`, with an exponential moving average.

    Rates are relative, so that one value suits every layer and model: `weight_rate` in units of
    the layer's mean code distance, `scale_rate` as a share of the scale, both per optimiser step.
    They rise for 5 % of the steps and then fall to zero by a cosine.
    """

    def __init__(
        self,
        student: nn.Module,
        *,
        trainable: str,
        rank: int,
        weight_rate: float,
        scale_rate: float,
        average: float,
        clip: float,
        steps: int,
    ) -> None:
        student.requires_grad_(False)
        self.student, self.steps, self.average, self.clip = student, steps, average, clip
        groups = []
        self._names: dict[str, nn.Parameter] = {}
        for name, layer in fake_layers(student).items():
            if trainable == LORA:
                layer.add_low_rank(rank)
            for own, rate in _rates(layer, trainable, weight_rate, scale_rate).items():
                parameter = layer.get_parameter(own).requires_grad_(True)
                self._names[f"{name}.{own}"] = parameter
                groups.append({"params": [parameter], "lr": 0.0, "rate": rate})
        self.optimizer = torch.optim.AdamW(groups, lr=0.0, weight_decay=0.0, fused=True)
        self.ema = {name: p.detach().clone() for name, p in self._names.items()}

    def parameters(self) -> list[nn.Parameter]:
        """What still trains."""
        return [p for p in self._names.values() if p.requires_grad]

    def factor(self, step: int) -> float:
        """The rates' factor at an optimiser step, counted from 0."""
        warmup = max(1, round(WARMUP * self.steps))
        if step < warmup:
            return (step + 1) / warmup
        return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, self.steps - warmup)))

    def update(self, step: int) -> None:
        """One optimiser step from the gradients at hand, then the moving average."""
        factor = self.factor(step)
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * factor
        moving = [p for p in self._names.values() if p.grad is not None]
        norm = nn.utils.clip_grad_norm_(moving, self.clip)
        if not norm.isfinite():
            raise SdqvizError(
                f"the gradient is {norm.item()} at step {step}; the last checkpoint is kept",
                "lower weight_rate and scale_rate, or train with precision fp32",
            )
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        # Early on the average would remember the start too long.
        decay = min(self.average, (1 + step) / (10 + step))
        with torch.no_grad():
            for name, parameter in self._names.items():
                self.ema[name].lerp_(parameter, 1 - decay)

    @torch.no_grad()
    def freeze(self, layers: list[FakeLayer]) -> None:
        """Stops these layers at their moving average."""
        inside = {id(p) for layer in layers for p in layer.parameters()}
        for name, parameter in self._names.items():
            if id(parameter) in inside:
                parameter.copy_(self.ema[name])
                parameter.requires_grad_(False)
                parameter.grad = None

    @contextmanager
    def averaged(self) -> Iterator[nn.Module]:
        """The student with its moving average in place of its parameters."""
        own = {name: p.detach().clone() for name, p in self._names.items()}
        try:
            self._set(self.ema)
            yield self.student
        finally:
            self._set(own)

    @torch.no_grad()
    def _set(self, values: dict[str, torch.Tensor]) -> None:
        for name, parameter in self._names.items():
            parameter.copy_(values[name])

    def tensors(self) -> dict[str, torch.Tensor]:
        """Everything that training changed, for a checkpoint."""
        found = {}
        for name, parameter in self._names.items():
            found[f"now.{name}"] = parameter.detach()
            found[f"ema.{name}"] = self.ema[name]
            for key, value in self.optimizer.state.get(parameter, {}).items():
                found[f"{key}.{name}"] = value
        return found

    @torch.no_grad()
    def restore(self, tensors: dict[str, torch.Tensor]) -> None:
        for name, parameter in self._names.items():
            parameter.copy_(tensors[f"now.{name}"])
            self.ema[name].copy_(tensors[f"ema.{name}"])
            state = {
                key: tensors[f"{key}.{name}"].to(parameter.device, copy=True)
                for key in ("step", "exp_avg", "exp_avg_sq")
                if f"{key}.{name}" in tensors
            }
            if state:
                self.optimizer.state[parameter] = state


def _rates(
    layer: FakeLayer, trainable: str, weight_rate: float, scale_rate: float
) -> dict[str, float]:
    """Parameter name -> learning rate, for the parameters of one layer that train."""
    rates = {"stretch": scale_rate}
    if layer.pairs is not None:
        rates |= {"pairs.theta": scale_rate, "pairs.delta": scale_rate}
    if trainable == SCALES:
        return rates
    absolute = weight_rate * layer.step
    if layer.bias is not None:
        rates["bias"] = BIAS_PACE * absolute
    if layer.low_rank is not None:
        up, down = layer.low_rank
        # The product's entries then move about as fast as a free weight's.
        rates["low_rank.0"] = absolute * math.sqrt(down.shape[1] / up.shape[1])
        rates["low_rank.1"] = weight_rate / math.sqrt(down.shape[1])
    else:
        rates["weight"] = absolute
    return rates
