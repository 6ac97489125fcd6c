"""What is made for the kernels of a layer, and their launches, on x's own device."""

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
import triton

from sdqviz.kernels.contract import ConvShape, Operands
from sdqviz.kernels.triton_code.epilogue import epilogue_kernel
from sdqviz.kernels.triton_code.matmul import matmul_kernel
from sdqviz.kernels.triton_code.quantize import quantize_kernel
from sdqviz.kernels.triton_code.tiles import SMALL, Tile, all_tiles, tiles
from sdqviz.quant.pack import unpack_multipliers
from sdqviz.quant.spec import ActivationSpec

_LINEAR = ConvShape(kernel=(1, 1), stride=(1, 1), padding=(0, 0))


@dataclass(frozen=True, kw_only=True)
class Weights:
    """A layer's weights as the kernel reads them.

    weights: int32 words of the stored codes with multipliers uint8 [T, G, O], or int8 [O, T, I]
    with none; sums int32 [O] of the integers.
    """

    operands: Operands
    weights: torch.Tensor
    multipliers: torch.Tensor | None
    sums: torch.Tensor


@dataclass(frozen=True, kw_only=True)
class Codes:
    """An input as int8, its codes less 128: [B, lines, padded_width, I], padded for `conv`."""

    values: torch.Tensor
    out_shape: tuple[int, int, int]  # B, lines and columns of the output


def coded_weights(operands: Operands) -> Weights:
    """The stored codes themselves; beside them sums, and multipliers a byte each (g / 2 codes)."""
    stored = operands.tensors["codes"]
    multipliers = unpack_multipliers(operands.tensors, operands.shape, operands.spec)
    return Weights(
        operands=operands,
        weights=stored.view(torch.int32),
        multipliers=multipliers.permute(1, 2, 0).contiguous(),
        sums=_sums(operands.w8()),
    )


def whole_weights(operands: Operands) -> Weights:
    """int8 weights, made of the codes where these are not the weights themselves."""
    spec = operands.spec
    plain = spec.bits > 4 and spec.largest_multiplier == 1
    w8 = operands.tensors["codes"] if plain else operands.w8()
    return Weights(operands=operands, weights=w8, multipliers=None, sums=_sums(w8))


def _sums(w8: torch.Tensor) -> torch.Tensor:
    return w8.sum(dim=(1, 2), dtype=torch.int32)


def quantize(
    x: torch.Tensor,
    conv: ConvShape | None,
    factor: torch.Tensor | None,
    ranges: torch.Tensor,
    spec: ActivationSpec,
) -> Codes:
    """The codes of x [B, ..., I] for a linear or [B, I, H, W] for a convolution, of any layout.

    ranges float32 [1, 3] or [B, 3].
    """
    pixels = _pixels(x, conv, len(ranges))
    batch, height, width, channels = pixels.shape
    shape = conv or _LINEAR
    (pad_y, pad_x), (kernel_y, kernel_x) = shape.padding, shape.kernel
    tall, wide = height + 2 * pad_y, width + 2 * pad_x
    values = torch.empty(batch, tall, wide, channels, dtype=torch.int8, device=x.device)
    blocks = (16, 128) if pixels.stride(3) == 1 else (64, 64)
    count = batch * tall * wide
    if values.numel():
        with _on(x):
            quantize_kernel[(triton.cdiv(count, blocks[0]), triton.cdiv(channels, blocks[1]))](
                pixels,
                pixels if factor is None else factor,
                ranges,
                values,
                count,
                channels,
                height,
                width,
                wide,
                tall * wide,
                *pixels.stride(),
                pad_y=pad_y,
                pad_x=pad_x,
                range_step=3 if len(ranges) > 1 else 0,
                high=float(spec.high),
                has_factor=factor is not None,
                block_p=blocks[0],
                block_c=blocks[1],
                **_EXACT,
            )
    lines = (tall - kernel_y) // shape.stride[0] + 1
    columns = (wide - kernel_x) // shape.stride[1] + 1
    return Codes(values=values, out_shape=(batch, lines, columns))


def _pixels(x: torch.Tensor, conv: ConvShape | None, ranges: int) -> torch.Tensor:
    """x as [B, H, W, I]; a linear's rows are pictures of one line, one for each range."""
    if conv is not None:
        return x.permute(0, 2, 3, 1)
    rows = x.reshape(-1, x.shape[-1])
    return rows.view(ranges, 1, -1, x.shape[-1])


def multiply(
    codes: Codes, own: Weights, ranges: torch.Tensor, y: torch.Tensor, tile: Tile | None = None
) -> None:
    """Fills y, [B, lines, columns, O] of any strides; the tile is the fastest, or the one given."""
    operands, values = own.operands, codes.values
    if not y.numel():
        return
    shape = operands.conv or _LINEAR
    outputs, taps, inputs = operands.shape
    group = 0 if own.multipliers is None else operands.spec.group
    rows = y.shape[0] * y.shape[1] * y.shape[2]
    given = (
        values,
        own.weights,
        own.weights if own.multipliers is None else own.multipliers,
        own.sums,
        operands.scale,
        operands.scale if operands.bias is None else operands.bias,
        ranges,
        y,
        rows,
        outputs,
        inputs,
        1 if own.multipliers is None else own.multipliers.shape[1],
        values.shape[2],
        values.shape[1] * values.shape[2],
        y.shape[2],
        y.shape[1] * y.shape[2],
        *shape.stride,
        y.stride(0),
        y.stride(2),
        y.stride(3),
    )
    fixed = {
        "taps": taps,
        "taps_x": shape.kernel[1],
        "group": group,
        "has_bias": operands.bias is not None,
        "range_step": 3 if len(ranges) > 1 else 0,
        **_EXACT,
    }

    def grid(meta: dict[str, Any]) -> tuple[int]:
        return (triton.cdiv(rows, meta["block_m"]) * triton.cdiv(outputs, meta["block_n"]),)

    with _on(values):
        if tile is None and _on_gpu(values):  # Triton's interpreter has nothing to tune
            tuned_matmul[grid](*given, **fixed)
        else:
            chosen = (tile or SMALL).config().all_kwargs()
            even = inputs % chosen["block_k"] == 0
            matmul_kernel[grid](*given, **fixed, even=even, **chosen)


def scale_sums(
    total: torch.Tensor,
    own: torch.Tensor,
    operands: Operands,
    ranges: torch.Tensor,
    dtype: torch.dtype,
) -> torch.Tensor:
    """The output [rows, O] for int32 sums [rows, O] of codes less 128; own int32 [O] of w8."""
    total = total.contiguous()
    y = torch.empty_like(total, dtype=dtype)
    if y.numel():
        with _on(total):
            epilogue_kernel[(triton.cdiv(y.numel(), 1024),)](
                total,
                own,
                operands.scale,
                operands.scale if operands.bias is None else operands.bias,
                ranges,
                y,
                y.numel(),
                y.shape[1],
                len(y) // len(ranges),
                has_bias=operands.bias is not None,
                range_step=3 if len(ranges) > 1 else 0,
                block=1024,
                **_EXACT,
            )
    return y


# A fused multiply-add rounds once where the contract rounds twice.
_EXACT = {"enable_fp_fusion": False}


def _on_gpu(x: torch.Tensor) -> bool:
    return x.is_cuda


def _on(x: torch.Tensor) -> Any:
    """Triton launches on the current device, whatever its arguments are on."""
    return torch.cuda.device(x.device) if x.is_cuda else nullcontext()


def _bench(call: Any, quantiles: tuple[float, ...]) -> Any:
    from triton.testing import do_bench

    return do_bench(call, warmup=5, rep=20, quantiles=quantiles)


def _fitting(configs: list[triton.Config], given: dict[str, Any], **fixed: Any) -> list[Any]:
    """The tiles for this GPU and these weights."""
    own = tiles(torch.cuda.get_device_capability(), {**given, **fixed}["group"])
    wanted = {str(tile.config()) for tile in own}
    return [config for config in configs if str(config) in wanted]


# Measured once for each shape on each GPU; Triton keeps the choice on disk.
tuned_matmul = triton.autotune(
    [tile.config() for tile in all_tiles()],
    key=["rows", "outputs", "inputs", "taps", "group"],
    prune_configs_by={"early_config_prune": _fitting},
    do_bench=_bench,
    cache_results=True,
)(triton.heuristics({"even": lambda a: a["inputs"] % a["block_k"] == 0})(matmul_kernel))
