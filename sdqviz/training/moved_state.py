"""Where what a training moves is kept: its masters, whose steps the optimiser takes, and their
moving average.

Beside the parameters, the master is the parameter and the average changes places with it. In the
host's memory, a GPU holds the parameter alone: each gradient leaves it as soon as it is complete,
the step is taken on the host, the new value comes back.
"""

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import nn


class MovedState(Protocol):
    """`masters`: what the optimiser steps; `average`: like them, by the same names."""

    masters: dict[str, nn.Parameter]
    average: dict[str, torch.Tensor]

    def moved(self, share: float) -> None:
        """After a step: the average moves by a share of the way, the student takes the step."""
        ...

    def show_average(self) -> None:
        """The student computes with the average until `show_own`."""
        ...

    def show_own(self) -> None: ...

    def settle(self, name: str) -> None:
        """The parameter becomes its average, for good."""
        ...

    def set(self, name: str, now: torch.Tensor, average: torch.Tensor) -> None: ...

    def release(self) -> None:
        """The training is over: nothing but the parameters is held any longer."""
        ...


def state_on(device: torch.device | None, parameters: Mapping[str, nn.Parameter]) -> MovedState:
    """The state of these parameters on `device`; None, and where they are there: beside them."""
    there = next(iter(parameters.values())).device if parameters else None
    if device is None or device == there:
        return BesideParameters(parameters)
    return OnHost(device, parameters)


class BesideParameters:
    """On the parameters' own device."""

    def __init__(self, parameters: Mapping[str, nn.Parameter]) -> None:
        self.masters = dict(parameters)
        self.average = {name: p.detach().clone() for name, p in parameters.items()}

    @torch.no_grad()
    def moved(self, share: float) -> None:
        names = [name for name, p in self.masters.items() if p.requires_grad]
        moving = [self.masters[name].detach() for name in names]
        if moving:
            torch._foreach_lerp_([self.average[name] for name in names], moving, share)

    def show_average(self) -> None:
        for name, parameter in self.masters.items():  # they change places: nothing is copied
            parameter.data, self.average[name] = self.average[name], parameter.data

    show_own = show_average

    @torch.no_grad()
    def settle(self, name: str) -> None:
        parameter = self.masters[name]
        parameter.copy_(self.average[name])
        parameter.grad = None
        self.average[name] = parameter.detach()  # one tensor is both from now on

    @torch.no_grad()
    def set(self, name: str, now: torch.Tensor, average: torch.Tensor) -> None:
        self.masters[name].copy_(now)
        self.average[name].copy_(average)

    def release(self) -> None:
        self.average.clear()


class OnHost:
    """In another memory than the parameters'."""

    def __init__(self, device: torch.device, parameters: Mapping[str, nn.Parameter]) -> None:
        self._parameters = dict(parameters)
        self.masters = {
            name: nn.Parameter(p.detach().to(device, copy=True)) for name, p in parameters.items()
        }
        self.average = {name: p.detach().clone() for name, p in self.masters.items()}
        self._hooks = [
            parameter.register_post_accumulate_grad_hook(self._taker(name))
            for name, parameter in parameters.items()
        ]

    def _taker(self, name: str):
        """Takes a gradient away when it is complete, and adds those of several micro-batches."""

        def take(parameter: torch.Tensor) -> None:
            master, grad = self.masters[name], parameter.grad
            assert grad is not None
            if master.grad is None:
                master.grad = grad.to(master.device)
            else:
                master.grad.add_(grad.to(master.device))
            parameter.grad = None

        return take

    @torch.no_grad()
    def moved(self, share: float) -> None:
        moving = [name for name, p in self._parameters.items() if p.requires_grad]
        if moving:
            masters = [self.masters[name].detach() for name in moving]
            torch._foreach_lerp_([self.average[name] for name in moving], masters, share)
        self._show(self.masters, moving)

    def show_average(self) -> None:
        self._show(self.average, self._parameters)

    def show_own(self) -> None:
        self._show(self.masters, self._parameters)

    @torch.no_grad()
    def _show(self, values: Mapping[str, torch.Tensor], names) -> None:
        for name in names:
            self._parameters[name].copy_(values[name])

    @torch.no_grad()
    def settle(self, name: str) -> None:
        self.masters[name].copy_(self.average[name])
        self._parameters[name].copy_(self.average[name])
        self.masters[name].grad = None
        self.average[name] = self.masters[name].detach()

    @torch.no_grad()
    def set(self, name: str, now: torch.Tensor, average: torch.Tensor) -> None:
        self.masters[name].copy_(now)
        self.average[name].copy_(average)
        self._parameters[name].copy_(now)

    def release(self) -> None:
        for hook in self._hooks:
            hook.remove()
        self.masters.clear()
        self.average.clear()
