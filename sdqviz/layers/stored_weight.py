"""A weight as `quant.pack` writes it, with its bias and the ranges of its input: what is stored."""

import torch
from torch import nn

from sdqviz.kernels.contract import ConvShape, Operands
from sdqviz.layers.ranges import ActivationRanges
from sdqviz.quant.numerics import QuantizedWeight
from sdqviz.quant.pack import pack_weight, packed_shapes, unpack_multipliers, unpack_weight
from sdqviz.quant.spec import WeightSpec


class StoredWeight(nn.Module):
    """Buffers: codes, multipliers and scale as `quant.pack` writes them, bias float32 [O], and the
    activation ranges, or None.

    What a subclass makes from them it drops in `_forget`: they may be others at any time.
    """

    def __init__(
        self,
        *,
        shape: tuple[int, int, int],
        weight_spec: WeightSpec,
        bias: bool,
        conv: ConvShape | None,
        activations: ActivationRanges | None,
    ) -> None:
        super().__init__()
        self.shape = shape  # (O, T, I)
        self.weight_spec = weight_spec
        self.conv = conv
        for name, size in packed_shapes(shape, weight_spec).items():
            if name == "scale":
                kind = torch.float32
            elif name == "codes" and weight_spec.bits > 4:
                kind = torch.int8
            else:
                kind = torch.uint8
            self.register_buffer(name, torch.zeros(size, dtype=kind))
        self.register_buffer("bias", torch.zeros(shape[0]) if bias else None)
        self.activations = activations

    def fill(self, weight: QuantizedWeight, bias: torch.Tensor | None) -> None:
        """Takes the weight's codes and the bias [O]."""
        for name, tensor in pack_weight(weight).items():
            getattr(self, name).copy_(tensor)
        if bias is not None:
            self.bias.copy_(bias.detach())
        self._forget()

    def _load_from_state_dict(self, *args, **kwargs) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._forget()

    def _apply(self, fn, recurse: bool = True):
        """Moves devices but never dtypes, the scales are float32 whatever the model's dtype, nor
        memory formats: codes are no picture, though they have four dimensions.
        """

        def move(tensor: torch.Tensor) -> torch.Tensor:
            flat = tensor.flatten()
            moved = fn(flat)
            kept = moved if moved.dtype == flat.dtype else flat.to(moved.device)
            return kept.view(tensor.shape)

        super()._apply(move, recurse)
        self._forget()
        return self

    def _forget(self) -> None:
        """Drops what was made from buffers that are others now."""

    def unpacked(self) -> QuantizedWeight:
        return unpack_weight(self._stored(), self.shape, self.weight_spec)

    def group_multipliers(self) -> torch.Tensor:
        """uint8 [O, T, G]"""
        return unpack_multipliers(self._stored(), self.shape, self.weight_spec)

    def _stored(self) -> dict[str, torch.Tensor]:
        return {n: getattr(self, n) for n in packed_shapes(self.shape, self.weight_spec)}

    def operands(self) -> Operands:
        """What an engine is given: the stored tensors, nothing expanded."""
        return Operands(
            shape=self.shape,
            spec=self.weight_spec,
            tensors=self._stored(),
            bias=self.bias,
            conv=self.conv,
            factor=None if self.activations is None else self.activations.factor,
        )
