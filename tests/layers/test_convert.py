import torch
from torch import nn

from sdqviz.layers.convert import replace_module, twin


def test_a_twin_shares_tensors_but_not_modules():
    network = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Sequential(nn.Linear(4, 2)))
    other = twin(network)
    for one, same in zip(network.state_dict().values(), other.state_dict().values(), strict=True):
        assert one.data_ptr() == same.data_ptr()
    kept = network[2][0]
    replace_module(other, "2.0", nn.Identity())
    assert network[2][0] is kept
    assert torch.equal(network[0].weight, other[0].weight)
