"""Layers that hold 4-bit codes and compute through an engine."""

from typing import Any

import torch
from torch import nn

from sdqviz.base.memory import freed
from sdqviz.kernels.contract import ConvShape, Engine, Operands, choose_engine, named_engine
from sdqviz.layers.compiled import call_multiply, call_opaque, call_ranges, enlist, takes_codes
from sdqviz.layers.current_call import CurrentCall
from sdqviz.layers.ranges import ActivationRanges
from sdqviz.quant.numerics import QuantizedWeight, multiply_channels
from sdqviz.quant.pack import pack_weight, packed_shapes, unpack_multipliers, unpack_weight
from sdqviz.quant.ranges import ActivationRange
from sdqviz.quant.spec import WeightSpec

REMEMBERED = 64  # outputs that a remembered layer keeps: a scene's steps
_MADE_PER_BYTE = 6  # bytes made and dropped on the way from a byte of codes to an engine's layout
PACKED, EXPANDED = "packed", "expanded"
RESIDENT = (PACKED, EXPANDED)


class PackedLayer(nn.Module):
    """A linear or convolution with packed weights.

    Buffers: codes, multipliers and scale as `quant.pack` writes them, bias float32 [O], and the
    activation ranges. Without ranges the layer is weight-only: the weight is expanded to the
    input's dtype and the activations stay as they are. A remembered layer's input is fixed by
    the timestep and the pooled text alone: its output is computed once for each.

    `resident` says what stays in memory: int8 weights beside the codes, made at the first call
    ("expanded"), or the 4-bit codes alone, expanded for each call ("packed").
    """

    def __init__(
        self,
        *,
        shape: tuple[int, int, int],
        weight_spec: WeightSpec,
        bias: bool,
        conv: ConvShape | None,
        activations: ActivationRanges | None,
        current_call: CurrentCall,
        remembered: bool = False,
    ) -> None:
        super().__init__()
        self.remembered = remembered
        self.resident = EXPANDED
        self._memory: dict[tuple[bytes, torch.dtype], torch.Tensor] = {}
        self.shape = shape  # (O, T, I)
        self.weight_spec = weight_spec
        self.conv = conv
        self.current_call = current_call
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
        self._w8: torch.Tensor | None = None
        self._engine: Engine | None = None
        self._asked: Engine | None = None  # by name, instead of the best that serves
        self._prepared: Any = None  # the engine's own form of the weights
        self._number = enlist(self)

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

    def keep(self, resident: str) -> None:
        """Sets `resident` and drops what the other choice had made."""
        self.resident = resident
        self._forget()

    def _forget(self) -> None:
        """Drops what was made from buffers that are others now."""
        self._w8 = self._engine = self._prepared = None
        self._memory = {}

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

    def integers(self) -> torch.Tensor:
        """w8 int8 [O, T, I], for what is computed without an engine."""
        if self._w8 is not None:
            return self._w8
        w8 = self.operands().w8()
        self._w8 = None if self.resident == PACKED else w8
        return w8

    def use_engine(self, name: str) -> None:
        """Computes with the engine of this name from now on. Raises SdqvizError where it does not
        serve.
        """
        assert self.activations is not None
        self._asked = named_engine(name, self.scale.device, self.activations.spec)
        self._forget()

    def choice(self) -> tuple[Engine, dict[str, str]]:
        """The engine that was asked for, or the best that serves here with the reason of each
        better one that does not.
        """
        assert self.activations is not None
        if self._asked is not None:
            return self._asked, {}
        return choose_engine(self.scale.device, self.activations.spec)

    def engine(self) -> tuple[Engine, Any]:
        """The engine of this layer, and the weights as it wants them."""
        if self._engine is None:
            assert self.activations is not None
            self._engine, _ = self.choice()
        if self.resident == PACKED:
            return self._engine, self._engine.prepare(self.operands())
        if self._prepared is None:
            self._prepared = self._engine.prepare(self.operands())
            freed(self.codes.numel() * _MADE_PER_BYTE)
        return self._engine, self._prepared

    def __getstate__(self) -> dict[str, Any]:
        """Without what can be made again: an engine's own layouts are not to be copied."""
        made = {"_w8": None, "_engine": None, "_prepared": None, "_memory": {}}
        return {**self.__dict__, **made}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._number = enlist(self)  # a copy is another module

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: [B, ..., I] or [B, I, H, W]; returns the same dtype with O channels."""
        if torch.compiler.is_compiling():
            return self._traced(x)
        if self.remembered and self.current_call.moment is not None:
            return self._remember(x, (self.current_call.moment, x.dtype))
        if self.activations is None:
            return self._weight_only(x)
        if self.activations.static:
            return self._one_timestep(x, 0.0)
        timesteps = self.current_call.read()
        if self.current_call.uniform:
            return self._one_timestep(x, timesteps[0])
        return self._mixed(x, timesteps)

    def _traced(self, x: torch.Tensor) -> torch.Tensor:
        """As the compiler sees it. Where the engine takes codes, the rounding is traced, and
        fused with what made x.
        """
        timesteps = _timesteps(self.current_call, x)
        ranges = self.activations
        if ranges is None or ranges.first_token_fp or not takes_codes(self._number):
            return call_opaque(x, timesteps, self._number)
        own = call_ranges(timesteps, self._number).to(x.device)
        inverse_scale, zero_point, _ = own.view(len(own), 3, *(1,) * (x.dim() - 1)).unbind(1)
        scaled = torch.round(multiply_channels(x, ranges.factor).to(torch.float32) * inverse_scale)
        codes = (scaled + zero_point).clamp(0, ranges.spec.high).to(torch.uint8)
        return call_multiply(codes, own, self._number, x.dtype)

    def ranges_at(self, timesteps: list[float]) -> list[tuple[float, float, float]]:
        """(inverse scale, zero point, scale) of each timestep."""
        assert self.activations is not None
        found = [self.activations.at(timestep) for timestep in timesteps]
        return [(p.inverse_scale, float(p.zero_point), p.scale) for p in found]

    def multiply(
        self, codes: torch.Tensor, ranges: list[tuple[float, float, float]], dtype: torch.dtype
    ) -> torch.Tensor:
        """From the input's codes on; one range for all samples, or one for each."""
        engine, prepared = self.engine()
        found = [ActivationRange(scale, inverse, int(zero)) for inverse, zero, scale in ranges]
        if len(set(ranges)) == 1:
            return engine.multiply(codes, prepared, found[0], dtype)  # type: ignore[attr-defined]
        rows = zip(codes.split(1), found, strict=True)
        return torch.cat([engine.multiply(row, prepared, p, dtype) for row, p in rows])  # type: ignore[attr-defined]

    def compute(self, x: torch.Tensor, timesteps: list[float]) -> torch.Tensor:
        """As forward, at these timesteps instead of the current call's."""
        if self.activations is None:
            return self._weight_only(x)
        if self.activations.static or len(set(timesteps)) == 1:
            return self._one_timestep(x, timesteps[0])
        return self._mixed(x, timesteps)

    def like_output(self, x: torch.Tensor) -> torch.Tensor:
        """An empty tensor as forward returns for x; pictures are channels-last."""
        out = self.shape[0]
        if self.conv is None:
            return x.new_empty(*x.shape[:-1], out)
        conv = self.conv
        sides = [
            (side + 2 * pad - kernel) // stride + 1
            for side, pad, kernel, stride in zip(
                x.shape[2:], conv.padding, conv.kernel, conv.stride, strict=True
            )
        ]
        empty = x.new_empty(x.shape[0], out, *sides)
        return empty.to(memory_format=torch.channels_last)

    def _mixed(self, x: torch.Tensor, timesteps: list[float]) -> torch.Tensor:
        # A batch of mixed timesteps: one engine call per timestep.
        parts: list[torch.Tensor | None] = [None] * len(timesteps)
        for timestep in set(timesteps):
            rows = [i for i, t in enumerate(timesteps) if t == timestep]
            for row, y in zip(rows, self._one_timestep(x[rows], timestep), strict=True):
                parts[row] = y
        return torch.stack([part for part in parts if part is not None])

    def _remember(self, x: torch.Tensor, moment: tuple[bytes, torch.dtype]) -> torch.Tensor:
        if moment not in self._memory:
            while len(self._memory) >= REMEMBERED:
                self._memory.pop(next(iter(self._memory)))  # the oldest
            self._memory[moment] = self._weight_only(x)
            self._w8 = None  # not needed again before the next moment
        return self._memory[moment]

    def _one_timestep(self, x: torch.Tensor, timestep: float) -> torch.Tensor:
        assert self.activations is not None
        ranges = self.activations
        engine, prepared = self.engine()
        y = engine.run(x, prepared, ranges.at(timestep), ranges.spec)
        if ranges.first_token_fp:
            # The begin-of-text token is an outlier: this one row keeps FP activations.
            first = multiply_channels(x[..., 0, :].to(torch.float32), ranges.factor)
            y[..., 0, :] = self._weight_only(first).to(y.dtype)
        return y

    def _weight_only(self, x: torch.Tensor) -> torch.Tensor:
        weight = self.scale.view(-1, 1, 1) * self.integers().to(torch.float32)
        bias = None if self.bias is None else self.bias.to(x.dtype)
        if self.conv is None:
            return nn.functional.linear(x, weight.squeeze(1).to(x.dtype), bias)
        kernel = weight.unflatten(1, self.conv.kernel).permute(0, 3, 1, 2).to(x.dtype)
        return nn.functional.conv2d(
            x, kernel, bias, stride=self.conv.stride, padding=self.conv.padding
        )


def _timesteps(current_call: CurrentCall, x: torch.Tensor) -> torch.Tensor:
    """The call's timesteps as the compiler sees them; a weight-only layer may have none."""
    return x.new_zeros(1) if current_call.tensor is None else current_call.tensor
