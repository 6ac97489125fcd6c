"""A block inside a network: what it is given, what it returns, and nothing behind it computed."""

import pytest
import torch
from torch import nn

from sdqviz.layers.reached import in_order, reach


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.calls = nn.Linear(3, 3), 0

    def forward(self, x, scale=None, *, text, options=None):
        self.calls += 1
        x = self.inner(x) * (1.0 if scale is None else scale)
        return None, x + text, options


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.last, self.first = Block(), Block()  # not in the order of the computation

    def forward(self, x, text):
        _, x, _ = self.first(x, text=text, options={"kept": 3, "mask": None})
        return self.last(x, 2.0, text=text)[1]


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Network()


X, TEXT = torch.ones(2, 3), torch.full((2, 3), 5.0)


def test_all_arguments_are_kept_and_can_be_others(network):
    for name in ("first", "last"):
        given, output = reach(network, name, lambda: network(X, TEXT), output=True)
        block = network.get_submodule(name)
        assert len(given.tensors) == 2 and torch.equal(given.tensors[-1], TEXT)
        (again,) = given.call(block, given.tensors)
        assert torch.equal(output[0], again)
        (other,) = given.call(block, [given.tensors[0], TEXT + 1])
        assert torch.allclose(other, again + 1)


def test_nothing_behind_the_block_is_computed(network):
    given, output = reach(network, "first", lambda: network(X, TEXT), output=False)
    assert output == () and torch.equal(given.tensors[0], X)
    assert network.first.calls == network.last.calls == 0  # it was reached, and that is all
    reach(network, "first", lambda: network(X, TEXT), output=True)
    assert network.first.calls == 1 and network.last.calls == 0
    network(X, TEXT)  # no hook is left
    assert network.last.calls == 1


def test_the_order_is_that_of_the_computation(network):
    order = in_order(network, ["last", "first", "first.inner"], lambda: network(X, TEXT))
    assert order == ["first", "first.inner", "last"]
