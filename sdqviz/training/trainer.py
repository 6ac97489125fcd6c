"""The trained side of a student: its parameters, their learning rates, the moving average."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.layers.fake import FakeLayer, fake_layers
from sdqviz.training.moved_state import MovedState, state_on
from sdqviz.training.optimizer import FLOAT32, MOMENTS, adamw, moments_of, restore_moments

ALL, SCALES, LORA = "all", "scales", "lora"
TRAINABLE = (ALL, SCALES, LORA)
WARMUP = 0.05  # share of the steps in which the rates rise from zero
BIAS_PACE = 10.0  # a bias may move this many times as fast as a weight
RATES_AN_OCTAVE = 4  # rates are rounded to so many, by 9 % at most: a fused step takes few groups


class Trainer:
    """AdamW over the fake layers of `student`, with an exponential moving average.

    Rates are relative, so that one value suits every layer and model: `weight_rate` in units of
    the layer's mean code distance, `scale_rate` as a share of the scale, both per optimiser step.
    They rise for 5 % of the steps and then fall to zero by a cosine. `state` is where the
    optimiser's moments and the average lie: None for beside the parameters; `bits` are the
    moments'. `half` trains in float16: the loss is scaled so that small gradients survive.
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
        state: torch.device | None = None,
        bits: int = FLOAT32,
        half: bool = False,
    ) -> None:
        student.requires_grad_(False)
        self.student, self.steps, self.average, self.clip = student, steps, average, clip
        by_rate: dict[float, list[str]] = {}
        self._names: dict[str, nn.Parameter] = {}
        for name, layer in fake_layers(student).items():
            if trainable == LORA:
                layer.add_low_rank(rank)
            for own, rate in _rates(layer, trainable, weight_rate, scale_rate).items():
                full = f"{name}.{own}"
                self._names[full] = layer.get_parameter(own).requires_grad_(True)
                by_rate.setdefault(_rounded_rate(rate), []).append(full)
        self.state: MovedState = state_on(state, self._names)
        masters = self.state.masters
        groups = [
            {"params": [masters[n] for n in names], "lr": 0.0, "rate": rate}
            for rate, names in by_rate.items()
        ]
        fused = all(m.device.type != "meta" for m in masters.values())  # the ledger's
        self.optimizer = adamw(groups, bits, fused)
        device = next(iter(self._names.values())).device.type if half else "cpu"
        self.scaler = torch.amp.GradScaler(device, enabled=half)

    def parameters(self) -> list[nn.Parameter]:
        """What still trains: where its gradients lie after a backward pass."""
        return [self.state.masters[n] for n, p in self._names.items() if p.requires_grad]

    def factor(self, step: int) -> float:
        """The rates' factor at an optimiser step, counted from 0."""
        warmup = max(1, round(WARMUP * self.steps))
        if step < warmup:
            return (step + 1) / warmup
        return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, self.steps - warmup)))

    def backward(self, loss: torch.Tensor) -> None:
        """Adds the gradients of a micro-batch's share of the loss."""
        self.scaler.scale(loss).backward()

    def update(self, step: int) -> None:
        """One optimiser step from the gradients at hand, then the moving average."""
        factor = self.factor(step)
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * factor
        moving = [p for p in self.parameters() if p.grad is not None]
        self.scaler.unscale_(self.optimizer)
        norm = nn.utils.clip_grad_norm_(moving, self.clip)
        if not norm.isfinite() and (not self.scaler.is_enabled() or self.scaler.get_scale() < 1):
            raise SdqvizError(
                f"the gradient is {norm.item()} at step {step}; the last checkpoint is kept",
                "lower weight_rate and scale_rate, or train with precision fp32",
            )
        self.scaler.step(self.optimizer)  # in float16 not with a gradient that is not finite
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        # Early on the average would remember the start too long.
        self.state.moved(1 - min(self.average, (1 + step) / (10 + step)))

    def freeze(self, layers: list[FakeLayer]) -> None:
        """Stops these layers at their moving average."""
        inside = {id(p) for layer in layers for p in layer.parameters()}
        for name, parameter in self._names.items():
            if id(parameter) in inside:
                self.state.settle(name)
                parameter.requires_grad_(False)
                self.optimizer.state.pop(self.state.masters[name], None)

    @contextmanager
    def averaged(self) -> Iterator[nn.Module]:
        """The student with its moving average in place of its parameters."""
        self.state.show_average()
        try:
            yield self.student
        finally:
            self.state.show_own()

    def stop(self) -> None:
        """Ends the training: the student is its moving average, the optimiser is gone."""
        for name in self._names:
            self.state.settle(name)
        self.optimizer.state.clear()
        self.state.release()

    def tensors(self) -> dict[str, torch.Tensor]:
        """Everything that training changed, for a checkpoint; of what is frozen, its value."""
        found = {}
        for name, parameter in self._names.items():
            master = self.state.masters[name]
            found[f"now.{name}"] = master.detach()
            if not parameter.requires_grad:
                continue
            found[f"ema.{name}"] = self.state.average[name]
            for key, value in moments_of(self.optimizer, master).items():
                found[f"{key}.{name}"] = value
        return found

    def numbers(self) -> dict[str, Any]:
        """What a resumed run needs beside `tensors`."""
        return self.scaler.state_dict()

    def restore(self, numbers: dict[str, Any], tensors: Mapping[str, torch.Tensor]) -> None:
        """Takes one tensor after the other, so that the saved state is never whole in memory."""
        if numbers:
            self.scaler.load_state_dict(numbers)
        for name in self._names:
            master, average = self.state.masters[name], f"ema.{name}"
            now = f"now.{name}"
            self.state.set(name, tensors[now], tensors[average if average in tensors else now])
            kept = {k: tensors[f"{k}.{name}"] for k in MOMENTS if f"{k}.{name}" in tensors}
            if kept:
                restore_moments(self.optimizer, master, kept)


def _rounded_rate(rate: float) -> float:
    if rate <= 0:
        return 0.0
    return 2.0 ** (round(RATES_AN_OCTAVE * math.log2(rate)) / RATES_AN_OCTAVE)


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
