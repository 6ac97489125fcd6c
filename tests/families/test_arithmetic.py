import copy
from functools import partial

import diffusers
import pytest
import torch
from torch import nn

from sdqviz.families import loading
from sdqviz.families.arithmetic import other_arithmetic, second_format
from sdqviz.families.conditioning import number_format
from sdqviz.families.loading import load


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


def test_the_floor_always_is_what_bfloat16_makes():
    """One of the two formats is bfloat16, whatever the model's own."""
    for own in (torch.float32, torch.float16, torch.bfloat16):
        assert (own == torch.bfloat16) != (second_format(own) == torch.bfloat16)
        network = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8)).to(own)
        seen = []
        with torch.no_grad(), other_arithmetic(network):
            network[1].register_forward_pre_hook(partial(_note, seen))
            y = network(torch.ones(1, 8, dtype=number_format(network)))
        assert y.dtype == second_format(own)
        assert seen == [own if own == torch.float32 else second_format(own)]  # autocast, or cast


def _note(seen, module, inputs):
    seen.append(module.weight.dtype)


def test_float32_is_whole_once_a_model_is_on_a_gpu(tiny_folder, monkeypatch):
    """Not TF32, which PyTorch allows to convolutions by default."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    monkeypatch.setattr(loading, "check_device", lambda name: name)  # there is no GPU here
    moved = []
    monkeypatch.setattr(
        diffusers.DiffusionPipeline, "to", lambda pipeline, device: moved.append(device)
    )
    load(str(tiny_folder), device="cuda")
    assert moved == ["cuda"]
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32
