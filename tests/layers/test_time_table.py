import copy

import pytest
import torch

from sdqviz.base.errors import SdqvizError
from sdqviz.layers.time_table import TimeRows, install_time_table, time_rows


def tabled(model, timesteps):
    network = copy.deepcopy(model.network)
    rows = TimeRows(time_rows(network, timesteps), timesteps)
    rows.rows = time_rows(network, timesteps)  # float32 here: the table itself is exact
    install_time_table(network, rows)
    return network


def test_the_table_equals_the_removed_layers(tiny):
    network = tabled(tiny, torch.arange(1000))
    x, text = torch.randn(3, 4, 8, 8), torch.randn(3, 77, 24)
    timesteps = torch.tensor([0, 7, 999])
    with torch.no_grad():
        expected = tiny.network(x, timesteps, encoder_hidden_states=text).sample
        assert torch.allclose(
            network(x, timesteps, encoder_hidden_states=text).sample, expected, atol=2e-6
        )
    names = dict(network.named_parameters())
    assert not [n for n in names if "time_emb" in n or "time_embedding" in n]


@pytest.mark.parametrize("timestep", [10.5, 11, 2000])
def test_a_missing_row_is_refused(tiny, timestep):
    network = tabled(tiny, torch.tensor([1, 10, 20]))
    x, text = torch.randn(1, 4, 8, 8), torch.randn(1, 77, 24)
    with torch.no_grad(), pytest.raises(SdqvizError, match="not in the time table"):
        network(x, torch.tensor(timestep), encoder_hidden_states=text)
