import copy

import pytest
import torch
from torch import nn

from sdqviz.families.arithmetic import other_arithmetic
from sdqviz.families.conditioning import number_format


class Positions(nn.Module):
    """As v3 begins: a buffer before the first parameter."""

    def __init__(self):
        super().__init__()
        self.register_buffer("table", torch.ones(32))
        self.proj = nn.Linear(32, 32)

    def forward(self, x):
        return self.proj(x) + self.table


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_another_arithmetic_differs_a_little_and_leaves_the_weights(dtype):
    torch.manual_seed(0)
    network = nn.Sequential(Positions(), nn.GELU(), nn.Linear(32, 8)).to(dtype)
    before = copy.deepcopy(network.state_dict())
    x = torch.randn(4, 32)
    with torch.no_grad():
        own = network(x.to(dtype)).float()
        with other_arithmetic(network):
            other = network(x.to(number_format(network))).float()
    assert not torch.equal(own, other)
    assert torch.allclose(own, other, atol=0.05)
    assert number_format(network) == dtype
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name])
