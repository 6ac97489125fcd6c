"""Codes and multipliers in bytes: two to a byte, the layout that the kernels unpack.

A byte of codes holds code k in its low nibble and code k + g/2 in its high nibble, both of one
group of g. A short last group is filled up with zero codes. Codes of more than 4 bits take a
byte each; multipliers always take 4 bits.
"""

import torch

from sdqviz.quant.numerics import QuantizedWeight
from sdqviz.quant.spec import WeightSpec

_EXPANDED_BYTES = 1 << 19  # packed bytes expanded at a time


def pack_weight(quantized: QuantizedWeight) -> dict[str, torch.Tensor]:
    """{"codes", "multipliers", "scale"}: uint8 or int8, uint8, float32 tensors.

    codes: uint8 [O, T, G, g/2] for up to 4 bits, else int8 [O, T, I]. multipliers: uint8
    [O, ceil(T * G / 2)], even positions in the low nibble; absent when all are 1 by definition.
    """
    spec, codes = quantized.spec, quantized.codes
    tensors = {"scale": quantized.scale}
    if spec.bits <= 4:
        group = _group(spec, codes.shape[-1])
        padded = torch.nn.functional.pad(codes, (0, -codes.shape[-1] % group))
        low, high = (padded.unflatten(-1, (-1, group)) & 0xF).chunk(2, dim=-1)
        tensors["codes"] = (low | (high << 4)).to(torch.uint8)
    else:
        tensors["codes"] = codes
    if spec.largest_multiplier > 1:
        flat = quantized.multipliers.flatten(1)
        flat = torch.nn.functional.pad(flat, (0, flat.shape[1] % 2))
        tensors["multipliers"] = flat[:, 0::2] | (flat[:, 1::2] << 4)
    return tensors


def unpack_weight(
    tensors: dict[str, torch.Tensor], shape: tuple[int, int, int], spec: WeightSpec
) -> QuantizedWeight:
    """The inverse of `pack_weight` for a weight of shape (O, T, I)."""
    inputs, codes = shape[2], tensors["codes"]
    if spec.bits <= 4:
        nibbles = torch.cat((codes & 0xF, codes >> 4), dim=-1).to(torch.int8)
        signed = torch.where(nibbles > 7, nibbles - 16, nibbles)
        codes = signed.flatten(2)[..., :inputs]
    multipliers = unpack_multipliers(tensors, shape, spec)
    return QuantizedWeight(codes.contiguous(), multipliers, tensors["scale"], spec)


def expand_weight(
    tensors: dict[str, torch.Tensor], shape: tuple[int, int, int], spec: WeightSpec
) -> torch.Tensor:
    """The weight that computes, code * multiplier: int8 [O, T, I].

    Equal to `unpack_weight(...).integer()`, but made in a few passes over bytes, some output
    channels at a time so that they stay in the cache: some twenty times as fast.
    """
    if spec.bits > 4:
        return unpack_weight(tensors, shape, spec).integer()
    codes = tensors["codes"]
    out, taps, groups, half = codes.shape
    whole = torch.empty(out, taps, groups, 2, half, dtype=torch.int8, device=codes.device)
    multipliers = None
    if spec.largest_multiplier > 1:
        multipliers = unpack_multipliers(tensors, shape, spec)
    rows = max(1, _EXPANDED_BYTES // codes[0].numel())
    for start in range(0, out, rows):
        part = slice(start, start + rows)
        lanes = None if multipliers is None else _lanes(multipliers[part], half)
        for place, nibble in enumerate((codes[part] & 0xF, codes[part] >> 4)):
            signed = nibble.bitwise_xor_(8).view(torch.int8).sub_(8)
            target = whole[part, :, :, place]
            # |code| <= 8 and multiplier <= 15: the product is exact in int8.
            target.copy_(signed) if lanes is None else torch.mul(signed, lanes, out=target)
    return whole.flatten(2)[..., : shape[2]].contiguous()


def _lanes(multipliers: torch.Tensor, count: int) -> torch.Tensor:
    """Each multiplier beside each of the `count` bytes that it multiplies: int8 [O, T, G, count],
    or [O, T, G, 1] where bytes cannot be filled eight at a time.
    """
    if count % 8:
        return multipliers.view(torch.int8).unsqueeze(-1)
    eight = multipliers.to(torch.int64).mul_(0x0101010101010101).unsqueeze(-1)
    return eight.expand(-1, -1, -1, count // 8).contiguous().view(torch.int8)


def unpack_multipliers(
    tensors: dict[str, torch.Tensor], shape: tuple[int, int, int], spec: WeightSpec
) -> torch.Tensor:
    """The multipliers alone: uint8 [O, T, G]."""
    out, taps, inputs = shape
    groups = -(-inputs // (spec.group or inputs))
    if spec.largest_multiplier == 1:
        device = tensors["codes"].device
        return torch.ones(out, taps, groups, dtype=torch.uint8, device=device)
    packed = tensors["multipliers"]
    nibbles = torch.stack((packed & 0xF, packed >> 4), dim=-1).flatten(1)
    return nibbles[:, : taps * groups].unflatten(1, (taps, groups))


def count_packed(
    tensors: dict[str, torch.Tensor], shape: tuple[int, int, int], spec: WeightSpec
) -> tuple[list[int], list[int]]:
    """How often each code comes among the weights, the smallest first, and each multiplier among
    the groups, from 1 on (no list where all are 1 by definition).
    """
    out, taps, inputs = shape
    count = 2**spec.bits
    if spec.bits > 4:
        found = torch.bincount(tensors["codes"].flatten().view(torch.uint8), minlength=256)
        codes = found.roll(128)[128 - count // 2 :][:count]
    else:
        found = _nibbles(tensors["codes"])
        found[0] -= 2 * tensors["codes"].numel() - out * taps * inputs  # what fills up groups
        codes = found.roll(8)[8 - count // 2 :][:count]
    if spec.largest_multiplier == 1:
        return codes.tolist(), []
    groups = -(-inputs // (spec.group or inputs))
    multipliers = _nibbles(tensors["multipliers"])
    multipliers[0] -= 2 * tensors["multipliers"].numel() - out * taps * groups
    return codes.tolist(), multipliers[1:].tolist()


def _nibbles(packed: torch.Tensor) -> torch.Tensor:
    """How often each of 16 nibbles comes in uint8 bytes: int64 [16]."""
    found = torch.bincount(packed.flatten(), minlength=256).view(16, 16)
    return found.sum(dim=0) + found.sum(dim=1)


def packed_shapes(shape: tuple[int, int, int], spec: WeightSpec) -> dict[str, tuple[int, ...]]:
    """The shapes `pack_weight` gives for a weight of shape (O, T, I)."""
    out, taps, inputs = shape
    group = _group(spec, inputs)
    groups = -(-inputs // (spec.group or inputs))
    shapes: dict[str, tuple[int, ...]] = {"scale": (out,)}
    if spec.bits <= 4:
        shapes["codes"] = (out, taps, -(-inputs // group), group // 2)
    else:
        shapes["codes"] = (out, taps, inputs)
    if spec.largest_multiplier > 1:
        shapes["multipliers"] = (out, -(-taps * groups // 2))
    return shapes


def _group(spec: WeightSpec, inputs: int) -> int:
    """The group that shares bytes: the multiplier group, or all inputs made even."""
    return spec.group or inputs + inputs % 2
