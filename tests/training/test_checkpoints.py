"""A training's state that is torn is known as such, whatever tore it."""

import pytest
import torch

from sdqviz.training.checkpoints import Checkpoints
from tests.store.test_damage import DAMAGES

TENSORS = {"weight": torch.arange(300.0), "steps": torch.tensor([7])}


def saved(folder, step=1):
    checkpoints = Checkpoints(folder, "key" * 10)
    checkpoints.save({"step": step}, TENSORS)
    return checkpoints


def file_of(checkpoints):
    (file,) = checkpoints.folder.glob("state-*.safetensors")
    return file


def test_the_newest_state_alone_is_kept_and_comes_back(tmp_path):
    for step in (1, 2, 3):
        checkpoints = saved(tmp_path, step)
    assert file_of(checkpoints)
    again = Checkpoints(tmp_path, "key" * 10)
    found = again.load()
    assert found is not None and not again.torn
    numbers, tensors = found
    assert numbers == {"step": 3}
    assert all(torch.equal(tensors[name], tensor) for name, tensor in TENSORS.items())
    assert Checkpoints(tmp_path / "other", "key" * 10).load() is None


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_torn_state_is_none(tmp_path, damage):
    file = file_of(saved(tmp_path))
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    again = Checkpoints(tmp_path, "key" * 10)
    assert again.load() is None
    assert again.torn
    assert not file.parent.exists()


def test_a_write_that_was_cut_short_leaves_the_state_before(tmp_path):
    file = file_of(saved(tmp_path))
    (file.parent / "state.partial").write_bytes(b"half of the next")
    file.with_name(f"state-{'0' * 64}.safetensors").write_bytes(b"torn")
    again = Checkpoints(tmp_path, "key" * 10)
    found = again.load()
    assert found is not None and found[0] == {"step": 1}
