"""The pretended card behaves as a card does."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.pretended_cuda import CUDA, MixedDevicesError, PretendedCuda


@pytest.fixture
def card():
    with PretendedCuda() as card:
        yield card


def test_what_is_put_there_is_there_and_what_comes_of_it(card):
    x = torch.arange(6.0).view(2, 3).to("cuda")
    assert x.device == CUDA and x.is_cuda and not x.is_cpu
    for made in (
        *(x + 1, x[0], x.T @ x, torch.zeros_like(x), x.new_ones(3), x.clone(), x.to(torch.half)),
        *(torch.ones(3, device=x.device), F.softmax(x, 1), copy.deepcopy(x), x.detach()),
    ):
        assert made.is_cuda
    for made in (torch.ones(3), x.cpu(), x.to("cpu"), x.new_ones(3, device="cpu")):
        assert not made.is_cuda
    assert torch.equal(x.cpu() * 2, (x * 2).cpu())


def test_both_devices_in_one_operator_are_refused(card):
    x, y = torch.ones(3, device="cuda"), torch.ones(3)
    for mix in (
        *(lambda: x + y, lambda: y @ x, lambda: torch.stack([x, y]), lambda: F.linear(x, y)),
        *(lambda: torch.where(x > 0, x, y), lambda: x.add_(y), lambda: y[x.long()]),
    ):
        with pytest.raises((MixedDevicesError, RuntimeError), match="both devices"):
            mix()
    with pytest.raises(TypeError, match="can't convert cuda:0"):
        x.numpy()
    with pytest.raises(RuntimeError, match="generator"):
        torch.randn(3, device="cuda", generator=torch.Generator())
    assert (x * torch.tensor(2.0)).is_cuda  # a number in a tensor is welcome


def test_waiting_is_counted(card):
    x, y = torch.ones(3, device="cuda"), torch.zeros(3)
    with card.counting() as counts:
        x.sum().item()
        bool((x > 0).all())
        x.tolist()
        torch.equal(x, x)
        x[x > 0]
        y.copy_(x)
        x.cpu()
        y.tolist()  # the CPU's own: nothing to wait for
    assert sum(n for what, n in counts.items() if what.startswith("sync")) == 7
    with card.counting() as counts:
        y.to("cuda")
        torch.tensor([1.0], device="cuda")
        x[torch.tensor([0])]
        x[:] = y
        x.add(1)
    assert sum(n for what, n in counts.items() if what.startswith("upload")) == 4


def test_a_network_trains_there(card):
    network = nn.Sequential(nn.Conv2d(2, 4, 3), nn.Flatten(), nn.Linear(16, 1)).to("cuda")
    optimizer = torch.optim.AdamW(network.parameters(), fused=True)
    before = network[2].weight.detach().clone()
    network(torch.ones(1, 2, 4, 4, device="cuda")).square().sum().backward()
    assert network[0].weight.grad is not None and network[0].weight.grad.is_cuda
    optimizer.step()
    assert not torch.equal(before, network[2].weight)
    with pytest.raises((MixedDevicesError, RuntimeError), match="both devices"):
        network(torch.ones(1, 2, 4, 4))
