"""Streaming writes the very bytes that the library writes."""

import torch
from safetensors.torch import load_file, save_file

from sdqviz.layers.tensor_file import _TYPES, write_tensors


def test_the_file_is_the_librarys(tmp_path):
    tensors = {f"{i}.x": torch.arange(3 + i).to(dtype) for i, dtype in enumerate(_TYPES)}
    tensors |= {"scalar": torch.tensor(1.5), "empty": torch.zeros(0, 2)}
    tensors |= {"turned": torch.arange(12.0).view(3, 4).T, "später": torch.ones(2)}
    for metadata in (None, {"facts": '{"ü": 1}'}):
        write_tensors(tmp_path / "ours", tensors, metadata)
        plain = {name: tensor.contiguous() for name, tensor in tensors.items()}
        save_file(plain, tmp_path / "theirs", metadata)
        assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()
    for name, tensor in load_file(tmp_path / "ours").items():
        assert torch.equal(tensor, tensors[name])
