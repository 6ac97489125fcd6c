"""A block's calls on disk, and what a block costs."""

import pytest
import torch

from sdqviz.training.block_calls import BlockCalls
from sdqviz.training.block_losses import block_error, inner_error, relative_error

CPU = torch.device("cpu")


def batch(start: float, rows: int) -> dict[str, list[torch.Tensor]]:
    first = torch.arange(start, start + rows).view(-1, 1, 1, 1).expand(rows, 4, 2, 2)
    return {"fp": [first, first[:, :, 0, 0] * 2], "output": [first + 0.5]}


def test_rows_come_back_in_order_and_an_interrupted_capture_goes_on(tmp_path):
    calls = BlockCalls(tmp_path / "block", torch.float16)
    calls.add(batch(0.0, 3))
    calls.add(batch(3.0, 2))
    (tmp_path / "block" / "2.partial").write_bytes(b"cut short")
    for found in (calls, BlockCalls(tmp_path / "block", torch.float16)):
        assert (found.batches, len(found)) == (2, 5)
        first, second = found.rows("fp", [4, 0, 2], CPU)
        assert first.dtype == torch.float32 and first.shape == (3, 4, 2, 2)
        assert first[:, 0, 0, 0].tolist() == [4.0, 0.0, 2.0]
        assert second[:, 0].tolist() == [8.0, 0.0, 4.0]
        assert found.rows("output", [1], CPU)[0].flatten()[0].item() == 1.5
        with pytest.raises(IndexError):
            found.rows("fp", [5], CPU)


def test_what_half_precision_cannot_hold_is_kept_whole(tmp_path):
    calls = BlockCalls(tmp_path, torch.float16)
    calls.add({"fp": [torch.tensor([[1e6, 1.0]])]})
    assert calls.rows("fp", [0], CPU)[0].tolist() == [[1e6, 1.0]]


def test_the_errors_sum_over_channels_and_average_over_the_rest():
    wanted = torch.zeros(2, 3, 4, 4)
    given = wanted.clone()
    given[:, 0] = 2.0
    assert block_error([given], [wanted]).item() == 4.0
    assert block_error([given], [wanted], power=1.0).item() == 2.0
    assert block_error([given, given], [wanted, wanted]).item() == 8.0
    tokens = given.flatten(2).transpose(1, 2)  # [B, N, C]
    assert block_error([tokens], [tokens * 0]).item() == 4.0
    assert block_error([torch.full((2, 3), 2.0)], [torch.zeros(2, 3)]).item() == 12.0
    given[0] = 0.0
    assert block_error([given], [wanted], weights=torch.tensor([2.0, 0.0])).item() == 0.0
    inner = {"a": given, "b": wanted + 9}
    assert inner_error(inner, {"a": wanted, "b": wanted}).item() == 2.0  # not of the last
    assert relative_error([torch.full((2,), 3.0)], [torch.full((2,), 2.0)]).item() == 0.25
