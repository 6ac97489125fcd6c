"""A layer that computes in floats the values its packed self would compute in integers.

Used where gradients must flow. Its weight, its scales and its activation ranges can be trained;
`pack` turns what they are now into a packed layer with the very same codes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.base.steps import Steps, result_of
from sdqviz.layers.convert import conv_shape, replace_module
from sdqviz.layers.current_call import CurrentCall
from sdqviz.layers.learned_ranges import FREE, LearnedRanges
from sdqviz.layers.packed import PackedLayer
from sdqviz.layers.plan import MODULATION, LayerPlan
from sdqviz.layers.ranges import TEXT_ROWS, ActivationRanges
from sdqviz.layers.time_table import TimeRows
from sdqviz.quant.numerics import (
    QuantizedWeight,
    oti_to_taps_last,
    quantize_weight,
    taps_last_to_oti,
)
from sdqviz.quant.quantized_product import (
    ProductSpec,
    ProductWeight,
    quantized_product,
    real_product,
    whole_weight,
)
from sdqviz.quant.spec import WeightSpec
from sdqviz.rounding.contract import Grid, Rounding
from sdqviz.rounding.learned import Learned

Search = Callable[[torch.Tensor, WeightSpec], QuantizedWeight]


class FakeLayer(nn.Module):
    """An nn.Linear or nn.Conv2d whose weight and input are rounded to their grids.

    The same codes as `PackedLayer`; the products are summed in floats, so outputs agree only to
    their rounding. Parameters: weight float32 [O, T, I], of the equalised input; stretch [O], the
    logarithm of what the weight's scale has grown by; bias [O]; and those of the ranges.
    Multipliers stay as searched. With `shared` the weight itself never moves: it is then the
    replaced layer's own tensor, in its layout and number format, and costs no memory. `rounding`
    chooses the codes; another may take its place at any time.
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
        shared: bool = False,
        search: Search = quantize_weight,
    ) -> None:
        super().__init__()
        assert plan.weight is not None
        self.plan, self.weight_spec, self.current_call = plan, plan.weight, current_call
        self.conv = conv_shape(layer)
        self.shared = shared
        weight = taps_last_to_oti(layer.weight.detach().to(torch.float32))
        weight = weight if activations is None else activations.equalised(weight)
        try:
            start = search(weight, plan.weight)
        except SdqvizError as error:
            raise SdqvizError(f"layer {plan.name}: {error.message}", error.hint) from error
        # A plain tensor is no parameter: neither stored nor converted with the student.
        own = None if shared else nn.Parameter(weight.contiguous().clone())
        self.weight: torch.Tensor = layer.weight.detach() if own is None else own
        self.register_buffer("scale", start.scale)
        self.register_buffer("multipliers", start.multipliers)
        self.stretch = nn.Parameter(torch.zeros_like(start.scale))
        bias = layer.bias
        # A copy: the FP model keeps its own.
        own_bias = None if bias is None else bias.detach().to(torch.float32, copy=True)
        self.bias = None if own_bias is None else nn.Parameter(own_bias)
        # Its name is in the stored students.
        self.pairs = None if activations is None else LearnedRanges(activations, shape, group)
        self.low_rank: nn.ParameterList | None = None
        self.rounding: Rounding = Learned()
        self._fixed: torch.Tensor | None = None  # its integers, while `fixed_weights` lasts
        self._plain = False  # while `plain_inputs` lasts
        conv = {"stride": self.conv.stride, "padding": self.conv.padding} if self.conv else {}
        self._product = ProductSpec(
            weight=plan.weight,
            activation=None if self.pairs is None else self.pairs.spec,
            shape=layer.weight.shape,
            begins_every=TEXT_ROWS if self.pairs is not None and self.pairs.first_token_fp else 0,
            **conv,
        )

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

    def product_weight(self) -> ProductWeight:
        """The weight as a product takes it."""
        low_rank = None if self.low_rank is None else (self.low_rank[0], self.low_rank[1])
        factor = None if self.pairs is None else self.pairs.factor
        scale = self.current_scale()
        return ProductWeight(self.weight, low_rank, scale, self.multipliers, factor, self.shared)

    def current_weight(self) -> torch.Tensor:
        """The real-valued weight before rounding, float32 [O, T, I]."""
        return self.product_weight().real()

    def current_scale(self) -> torch.Tensor:
        return self.scale * torch.exp(self.stretch)

    def grid(self) -> Grid:
        """Where its codes lie now."""
        return Grid(self.current_scale(), self.multipliers, self.weight_spec)

    @torch.no_grad()
    def integers(self) -> torch.Tensor:
        """w8 in the layer's own layout: float32, whole numbers, contiguous."""
        if self.rounding.straight_through:
            return whole_weight(self.product_weight(), self._product)
        whole = self.quantized().integer().to(torch.float32)
        return oti_to_taps_last(whole, self._product.shape).contiguous()

    @torch.no_grad()
    def rounded_weight(self) -> torch.Tensor:
        """The weight that computes, float32 in the layer's own layout."""
        integers = self.integers()
        return integers * self.current_scale().view(-1, *(1,) * (integers.dim() - 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        ranges = None
        if self.pairs is not None and not self._plain:
            call = self.current_call.call
            timesteps = [] if self.pairs.static else self.current_call.read()
            ranges = self.pairs.gather(timesteps, call.places if call else None)
        weight = self.product_weight()
        if self._fixed is None and not self.rounding.straight_through:
            value = self.rounding.value(weight.real(), self.grid())
            return real_product(x, value, self.bias, ranges, weight.factor, self._product)
        return quantized_product(x, weight, self.bias, ranges, self._product, self._fixed)

    @torch.no_grad()
    def quantized(self) -> QuantizedWeight:
        """The codes, multipliers and scales as they are now."""
        grid = self.grid()
        codes = self.rounding.codes(self.current_weight(), grid)
        return QuantizedWeight(codes, self.multipliers, grid.scale, self.weight_spec)

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
    shared: bool = False,
    search: Search = quantize_weight,
) -> CurrentCall:
    """Replaces every planned layer of `network` in place; returns the current call they read."""
    options: Any = {"shape": shape, "group": group, "shared": shared, "search": search}
    return result_of(faking_network(network, plan, activations, **options))


def faking_network(
    network: nn.Module,
    plan: Mapping[str, LayerPlan],
    activations: Mapping[str, ActivationRanges],
    *,
    shape: str = FREE,
    group: int = 1,
    shared: bool = False,
    search: Search = quantize_weight,
) -> Steps[CurrentCall]:
    """As `fake_network`; yields how many weights have found their scales."""
    current_call, done = CurrentCall(), 0
    for name, layer_plan in plan.items():
        if layer_plan.weight is not None:
            yield done
            layer = network.get_submodule(name)
            assert isinstance(layer, nn.Linear | nn.Conv2d)
            own = activations.get(name)
            fake = FakeLayer(
                *(layer, layer_plan, own, current_call),
                shape=shape,
                group=group,
                shared=shared,
                search=search,
            )
            device = layer.weight.device
            if any(t.device != device for t in fake.state_dict().values()):
                fake.to(device)
            replace_module(network, name, fake)
            done += layer_plan.parameters
    current_call.attach(network)
    return current_call


@contextmanager
def fixed_weights(network: nn.Module) -> Iterator[None]:
    """Rounds every fake layer's weight once for all calls inside, to a byte a weight: for walks
    without gradients.
    """
    layers = fake_layers(network).values()
    try:
        with torch.no_grad():
            for layer in layers:
                layer._fixed = layer.integers().to(torch.int8)
        yield
    finally:
        for layer in layers:
            layer._fixed = None


@contextmanager
def plain_inputs(layers: Iterable[FakeLayer]) -> Iterator[None]:
    """The layers take their inputs as they are: only their weights are rounded inside."""
    held = list(layers)
    try:
        for layer in held:
            layer._plain = True
        yield
    finally:
        for layer in held:
            layer._plain = False


@torch.no_grad()
def in_full(network: nn.Module) -> None:
    """Everything beside the fake layers in float32, in tensors of its own where it is not yet: a
    teacher in half precision, with whom the student shares them, keeps its own.
    """
    inside = {id(m) for layer in fake_layers(network).values() for m in layer.modules()}
    for module in network.modules():
        if id(module) in inside:
            continue
        for name, parameter in module.named_parameters(recurse=False):
            if parameter.is_floating_point() and parameter.dtype != torch.float32:
                full = nn.Parameter(parameter.detach().to(torch.float32), requires_grad=False)
                setattr(module, name, full)
        for name, buffer in module.named_buffers(recurse=False):
            if buffer.is_floating_point() and not isinstance(module, TimeRows):
                setattr(module, name, buffer.to(torch.float32))


def fake_layers(network: nn.Module) -> dict[str, FakeLayer]:
    return {n: m for n, m in network.named_modules() if isinstance(m, FakeLayer)}
