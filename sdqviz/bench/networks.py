"""Networks of the published sizes with random weights, and what one step feeds them."""

from dataclasses import dataclass
from typing import Any

import diffusers
import torch
from torch import nn

from sdqviz.base.assets import assets_folder
from sdqviz.base.errors import SdqvizError
from sdqviz.base.memory import return_freed_memory
from sdqviz.base.registry import named
from sdqviz.families.contract import PACKAGE as FAMILIES
from sdqviz.families.contract import Family
from sdqviz.families.published import PUBLISHED
from sdqviz.families.sources import read_json
from sdqviz.kernels.contract import ConvShape
from sdqviz.layers.convert import conv_shape, replace_module
from sdqviz.layers.current_call import CurrentCall
from sdqviz.layers.packed import PackedLayer
from sdqviz.layers.plan import MODULATION, LayerPlan, PlanConfig, make_plan
from sdqviz.layers.positions import position_table
from sdqviz.layers.ranges import ActivationRanges
from sdqviz.layers.time_table import TimeRows, install_time_table, time_blocks
from sdqviz.quant.ranges import ActivationRange

MINI = "mini"
SIZES = (MINI, *(p.family for p in PUBLISHED))
TIMESTEP = 500
_TOKENS, _TOKENS_SD3 = 77, 333
_BRANCHES = 2


@dataclass(frozen=True, kw_only=True)
class Size:
    """An architecture: the published one of a family, or mini-sd1's."""

    name: str
    family: Family
    network_class: str
    config: dict[str, Any]
    latent_side: int

    @property
    def parameters(self) -> int:
        return sum(p.numel() for p in self.meta_network().parameters())

    def meta_network(self) -> nn.Module:
        with torch.device("meta"):
            return getattr(diffusers, self.network_class)(**self.config)

    def inputs(self, dtype: torch.dtype = torch.float32) -> dict[str, Any]:
        """The keyword arguments of one network call: both guidance branches in a batch."""
        generator = torch.Generator().manual_seed(0)

        def noise(*shape: int) -> torch.Tensor:
            return torch.randn(_BRANCHES, *shape, generator=generator).to(dtype)

        config, side = self.config, self.latent_side
        given: dict[str, Any] = {"timestep": torch.full((_BRANCHES,), TIMESTEP)}
        if self.family.name == "sd3":
            return {
                **given,
                "hidden_states": noise(config["in_channels"], side, side),
                "encoder_hidden_states": noise(_TOKENS_SD3, config["joint_attention_dim"]),
                "pooled_projections": noise(config["pooled_projection_dim"]),
            }
        given["sample"] = noise(config["in_channels"], side, side)
        given["encoder_hidden_states"] = noise(_TOKENS, config["cross_attention_dim"])
        if self.family.name == "sdxl":
            sizes = 6 * config["addition_time_embed_dim"]
            pooled = config["projection_class_embeddings_input_dim"] - sizes
            given["added_cond_kwargs"] = {
                "text_embeds": noise(pooled),
                "time_ids": torch.tensor([[1024.0, 1024, 0, 0, 1024, 1024]] * _BRANCHES).to(dtype),
            }
        return given


def size_named(name: str, latent_side: int | None = None) -> Size:
    """The size of that name, its latents of the published side unless another is given."""
    if name == MINI:
        folder = assets_folder() / "models" / "mini-sd1" / "unet"
        config = read_json(folder / "config.json")
        kind, family = config["_class_name"], "sd1"
        config = {k: v for k, v in config.items() if not k.startswith("_")}
    else:
        published = next((p for p in PUBLISHED if p.family == name), None)
        if published is None:
            raise SdqvizError(f"unknown size {name!r}", f"there is {', '.join(SIZES)}")
        kind, family, config = published.network_class, published.family, dict(published.config)
    return Size(
        name=name,
        family=named(FAMILIES, "FAMILY", family),
        network_class=kind,
        config=config,
        latent_side=latent_side or int(config["sample_size"]),
    )


@torch.no_grad()
def fp_network(size: Size, dtype: torch.dtype = torch.float32) -> nn.Module:
    """The FP network with random weights of a trained one's magnitude."""
    network = size.meta_network().to(dtype)
    return _fill(network).eval().requires_grad_(False)


@torch.no_grad()
def packed_network(size: Size, dtype: torch.dtype, resident: str) -> nn.Module:
    """The W4A8 network with random codes; no FP weight is ever made.

    resident: see `PackedLayer.resident`.
    """
    torch.manual_seed(0)
    network = size.meta_network()
    current_call = CurrentCall()
    plan = make_plan(network, size.family.roles(network), PlanConfig())
    for name, layer in plan.items():
        if layer.weight is not None:
            packed = _random_layer(network.get_submodule(name), layer, current_call)
            packed.resident = resident
            replace_module(network, name, packed)
    if getattr(network, "add_embedding", None) is None and time_blocks(network):
        width = sum(int(b.time_emb_proj.out_features) for b in time_blocks(network).values())  # type: ignore[arg-type]
        install_time_table(network, TimeRows(torch.randn(1, width), torch.tensor([TIMESTEP])))
    packed_names = {n for n, m in network.named_modules() if isinstance(m, PackedLayer | TimeRows)}
    for name, module in network.named_modules():
        inside = any(name == n or name.startswith(f"{n}.") for n in packed_names)
        if not inside:
            _fill_own(module, dtype)
    _fill_positions(network)
    current_call.attach(network)
    return_freed_memory()
    return network.eval().requires_grad_(False)


def _fill(network: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    for module in network.modules():
        _fill_own(module, None)
    _fill_positions(network)
    return network


def _fill_own(module: nn.Module, dtype: torch.dtype | None) -> None:
    """Gives a module's own meta parameters and buffers random numbers."""
    for name, parameter in list(module.named_parameters(recurse=False)):
        value = torch.empty(parameter.shape, dtype=dtype or parameter.dtype)
        if value.dim() > 1:
            value.normal_(std=parameter[0].numel() ** -0.5)
        else:
            value.fill_(0.0 if name == "bias" else 1.0)
        setattr(module, name, nn.Parameter(value, requires_grad=False))
    for name, buffer in list(module.named_buffers(recurse=False)):
        if buffer.is_meta:
            setattr(module, name, torch.zeros(buffer.shape, dtype=dtype or buffer.dtype))


def _fill_positions(network: nn.Module) -> None:
    table = position_table(network)
    if table is not None:
        own = network.get_buffer("pos_embed.pos_embed")
        network.get_submodule("pos_embed").pos_embed = table.to(own.dtype)


def _random_layer(layer: nn.Module, plan: LayerPlan, current_call: CurrentCall) -> PackedLayer:
    assert isinstance(layer, nn.Linear | nn.Conv2d) and plan.weight is not None
    out, inputs = layer.weight.shape[:2]
    conv: ConvShape | None = conv_shape(layer)
    taps = layer.weight[0, 0].numel() if conv is not None else 1
    ranges = None
    if plan.activation is not None:
        same = ActivationRange(0.02, (1 / torch.tensor(0.02)).item(), 128)
        key = float(TIMESTEP) if plan.per_timestep else float("nan")
        ranges = ActivationRanges({key: same}, plan.activation)
    packed = PackedLayer(
        shape=(out, taps, inputs),
        weight_spec=plan.weight,
        bias=layer.bias is not None,
        conv=conv,
        activations=ranges,
        current_call=current_call,
        remembered=plan.role == MODULATION,
    )
    lowest = -127 if packed.codes.dtype == torch.int8 else 0
    packed.codes.copy_(torch.randint(lowest, 127, packed.codes.shape))
    if hasattr(packed, "multipliers"):
        packed.multipliers.fill_(0x88)
    packed.scale.fill_((inputs * taps) ** -0.5 / 40)
    return packed
