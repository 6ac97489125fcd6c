"""A layer that computes in floats the values its packed self would compute in integers.

Used where gradients must flow. Its weight, its scales and its activation ranges can be trained;
`pack` turns what they are now into a packed layer with the very same codes.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn import functional as F

from sdqviz.base.errors import SdqvizError
from sdqviz.layers.convert import conv_shape, replace_module
from sdqviz.layers.current_call import CurrentCall
from sdqviz.layers.learned_ranges import FREE, LearnedRanges
from sdqviz.layers.packed import PackedLayer
from sdqviz.layers.plan import MODULATION, LayerPlan
from sdqviz.layers.ranges import TEXT_ROWS, ActivationRanges
from sdqviz.quant.learned import (
    fake_quantize_learned_activation,
    fake_quantize_learned_weight,
    quantize_weight_with,
)
from sdqviz.quant.numerics import (
    QuantizedWeight,
    multiply_channels,
    oti_to_taps_last,
    quantize_weight,
    taps_last_to_oti,
)


class FakeLayer(nn.Module):
    """An nn.Linear or nn.Conv2d whose weight and input are rounded to their grids.

    The same codes as `PackedLayer`; the products are summed in floats, so outputs agree only to
    their rounding. Parameters: weight float32 [O, T, I], of the equalised input; stretch [O], the
    logarithm of what the weight's scale has grown by; bias [O]; and those of the ranges.
    Multipliers stay as searched.
    """

    scale: torch.Tensor
    multipliers: torch.Tensor

    def __init__(
        self,
        layer: nn.Linear | nn.Conv2d,
        plan: LayerPlan,
        activations: ActivationRanges | None,
        current_call: CurrentCall,
        *,
        shape: str = FREE,
        group: int = 1,
    ) -> None:
        super().__init__()
        assert plan.weight is not None
        self.plan, self.weight_spec, self.current_call = plan, plan.weight, current_call
        self.conv = conv_shape(layer)
        self._shape = layer.weight.shape
        weight = taps_last_to_oti(layer.weight.detach().to(torch.float32))
        weight = weight if activations is None else activations.equalised(weight)
        try:
            start = quantize_weight(weight, plan.weight)
        except SdqvizError as error:
            raise SdqvizError(f"layer {plan.name}: {error.message}", error.hint) from error
        self.weight = nn.Parameter(weight.contiguous().clone())
        self.register_buffer("scale", start.scale)
        self.register_buffer("multipliers", start.multipliers)
        self.stretch = nn.Parameter(torch.zeros_like(start.scale))
        bias = layer.bias
        self.bias = None if bias is None else nn.Parameter(bias.detach().to(torch.float32))
        # Its name is in the stored students.
        self.pairs = None if activations is None else LearnedRanges(activations, shape, group)
        self.low_rank: nn.ParameterList | None = None
        self._fixed: torch.Tensor | None = None  # the rounded weight, while `fixed_weights` lasts

    @property
    def step(self) -> float:
        """The weight's mean distance between two codes: the unit of its learning rate."""
        return (self.scale * self.multipliers.to(torch.float32).mean(dim=(1, 2))).mean().item()

    def add_low_rank(self, rank: int) -> None:
        """Lets the weight move only by a product of two thin matrices (QALoRA, EfficientDM)."""
        out, inputs = self.weight.shape[0], self.weight[0].numel()
        rank = min(rank, out, inputs)
        down = torch.randn(rank, inputs, generator=torch.Generator().manual_seed(rank))
        up = torch.zeros(out, rank)
        device = self.weight.device
        parts = [up.to(device), (down / inputs**0.5).to(device)]
        self.low_rank = nn.ParameterList([nn.Parameter(part) for part in parts])

    def current_weight(self) -> torch.Tensor:
        """The real-valued weight before rounding, float32 [O, T, I]."""
        if self.low_rank is None:
            return self.weight
        with torch.autocast(self.weight.device.type, enabled=False):  # packing sees float32
            return self.weight + (self.low_rank[0] @ self.low_rank[1]).view_as(self.weight)

    def current_scale(self) -> torch.Tensor:
        return self.scale * torch.exp(self.stretch)

    def rounded_weight(self) -> torch.Tensor:
        """The weight that computes, float32 in the layer's own layout, differentiable."""
        weight = fake_quantize_learned_weight(
            self.current_weight(), self.current_scale(), self.multipliers, self.weight_spec
        )
        # Contiguous: channels-last weights would turn every later layer channels-last, whose
        # GroupNorm is ten times slower backwards on CPUs.
        return oti_to_taps_last(weight, self._shape).contiguous()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = (self.rounded_weight() if self._fixed is None else self._fixed).to(x.dtype)
        if self.pairs is not None:
            x = self._round_input(x, self.pairs)
        bias = None if self.bias is None else self.bias.to(x.dtype)
        if self.conv is None:
            return F.linear(x, weight, bias)
        return F.conv2d(x, weight, bias, stride=self.conv.stride, padding=self.conv.padding)

    def _round_input(self, x: torch.Tensor, pairs: LearnedRanges) -> torch.Tensor:
        scale, offset = pairs.gather([] if pairs.static else self.current_call.read())
        x = multiply_channels(x, pairs.factor)
        rounded = fake_quantize_learned_activation(x, scale, offset, pairs.spec).to(x.dtype)
        if pairs.first_token_fp:
            begins = torch.arange(x.shape[-2], device=x.device) % TEXT_ROWS == 0
            rounded = torch.where(begins[:, None], x, rounded)
        return rounded

    @torch.no_grad()
    def quantized(self) -> QuantizedWeight:
        """The codes, multipliers and scales as they are now."""
        scale = self.current_scale()
        codes = quantize_weight_with(
            self.current_weight(), scale, self.multipliers, self.weight_spec
        )
        return QuantizedWeight(codes, self.multipliers, scale, self.weight_spec)

    def pack(self, current_call: CurrentCall) -> PackedLayer:
        """The packed layer with these codes and ranges."""
        quantized = self.quantized()
        out, taps, inputs = quantized.codes.shape
        packed = PackedLayer(
            shape=(out, taps, inputs),
            weight_spec=self.weight_spec,
            bias=self.bias is not None,
            conv=self.conv,
            activations=None if self.pairs is None else self.pairs.frozen(),
            current_call=current_call,
            remembered=self.plan.role == MODULATION,
        ).to(self.weight.device)
        packed.fill(quantized, self.bias)
        return packed


@torch.no_grad()
def fake_network(
    network: nn.Module,
    plan: Mapping[str, LayerPlan],
    activations: Mapping[str, ActivationRanges],
    *,
    shape: str = FREE,
    group: int = 1,
) -> CurrentCall:
    """Replaces every planned layer of `network` in place; returns the current call they read."""
    current_call = CurrentCall()
    for name, layer_plan in plan.items():
        if layer_plan.weight is not None:
            layer = network.get_submodule(name)
            assert isinstance(layer, nn.Linear | nn.Conv2d)
            fake = FakeLayer(
                layer, layer_plan, activations.get(name), current_call, shape=shape, group=group
            )
            replace_module(network, name, fake.to(layer.weight.device))
    current_call.attach(network)
    return current_call


@contextmanager
def fixed_weights(network: nn.Module) -> Iterator[None]:
    """Rounds every fake layer's weight once for all calls inside: for walks without gradients."""
    layers = fake_layers(network).values()
    try:
        with torch.no_grad():
            for layer in layers:
                layer._fixed = layer.rounded_weight()
        yield
    finally:
        for layer in layers:
            layer._fixed = None


def fake_layers(network: nn.Module) -> dict[str, FakeLayer]:
    return {n: m for n, m in network.named_modules() if isinstance(m, FakeLayer)}
