"""What damage a packed network's numbers show: those that no quantization writes."""

import hashlib
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.layers.convert import packed_layers
from sdqviz.layers.packed import PackedLayer
from sdqviz.layers.sections import SECTIONS, section_problem

_SECTIONS = tuple(f"{name}." for name in SECTIONS)
DAMAGED = "the folder is damaged or mixed; quantize again"


def checksum(network: nn.Module) -> str:
    """SHA-256 over the tensors of the packed layers, the time table and the sections: name, type,
    shape, bytes in the order of the names. No cast changes them.
    """
    digest = hashlib.sha256()
    own = (*(f"{name}." for name in packed_layers(network)), "time_proj.", *_SECTIONS)
    for name, tensor in sorted(network.state_dict().items()):
        if name.startswith(own):
            digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
            data = tensor.detach().cpu().contiguous().flatten()
            digest.update(data.view(torch.uint8).numpy().data if data.numel() else b"")
    return digest.hexdigest()


def check_packed(network: nn.Module, config: Mapping[str, Any]) -> None:
    """Raises SdqvizError where a packed layer holds numbers that no quantization writes, or the
    tensors are not those that the config's checksum is of. Files of older versions have none.
    """
    for name, layer in packed_layers(network).items():
        problem = _problem(layer)
        if problem:
            raise SdqvizError(f"layer {name}: {problem}", DAMAGED)
    problem = section_problem(network)
    if problem:
        raise SdqvizError(problem, DAMAGED)
    if "checksum" in config and config["checksum"] != checksum(network):
        raise SdqvizError("the packed tensors are not those that were written", DAMAGED)


def _problem(layer: PackedLayer) -> str | None:
    if not _positive(layer.scale):
        return "a weight scale is not a positive number"
    if (layer.group_multipliers() < 1).any():
        return "a group multiplier is 0, it must be 1 to 15"
    if layer.bias is not None and not layer.bias.isfinite().all():
        return "a bias is not finite"
    ranges = layer.activations
    if ranges is None:
        return None
    if not (_positive(ranges.scale) and _positive(ranges.inverse_scale)):
        return "an activation scale is not a positive number"
    if not torch.equal(ranges.inverse_scale, 1.0 / ranges.get_buffer("scale")):
        return "an inverse scale is not its scale's"
    if ranges.factor is not None and not _positive(ranges.factor):
        return "a channel factor is not a positive number"
    highest = 2**ranges.spec.bits - 1
    zero_points = ranges.get_buffer("zero_point")
    if ((zero_points < 0) | (zero_points > highest)).any():
        return f"a zero point lies outside 0 to {highest}"
    if not ranges.static and not (ranges.timesteps.isfinite().all() and _rising(ranges.timesteps)):
        return "its timesteps are not in order"
    return None


def _positive(values: torch.Tensor) -> bool:
    return bool((values.isfinite() & (values > 0)).all())


def _rising(values: torch.Tensor) -> bool:
    return bool((values[1:] > values[:-1]).all())
