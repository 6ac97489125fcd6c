import copy

import torch

from sdqviz.minis.equal_tokens import fold_equal_tokens
from sdqviz.minis.sd3 import MINI
from sdqviz.minis.words import word_tokenizer


def test_equal_tokens_folded_into_one_give_the_same_prediction():
    torch.manual_seed(0)
    networks = MINI.networks(word_tokenizer())
    plain = networks["denoiser"]
    for parameter in plain.parameters():  # its last layers start at zero, which would hide all
        torch.nn.init.normal_(parameter, std=0.05)
    folded = copy.deepcopy(plain)
    fold_equal_tokens(folded, 77)
    with torch.no_grad():
        conditioning = MINI.condition(networks, torch.randint(0, 100, (2, 77)))
        noisy, timesteps = torch.randn(2, 16, 16, 16), torch.tensor([100.0, 700.0])
        one = plain(noisy, timestep=timesteps, **conditioning).sample
        other = folded(noisy, timestep=timesteps, **conditioning).sample
    assert one.std() > 0.01
    assert torch.allclose(one, other, rtol=1e-4, atol=1e-5)
