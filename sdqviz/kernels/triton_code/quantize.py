"""Activations to int8 in one pass over memory, from any layout, padded for a convolution."""

import triton
import triton.language as tl

_ROUND = tl.constexpr(12582912.0)  # 1.5 * 2^23: adding it rounds a float32 to nearest even
_LARGE = tl.constexpr(1048576.0)  # well past every code, well inside what _ROUND rounds


@triton.jit(do_not_specialize=["pixels", "width", "height", "padded_width", "padded", "high"])
def quantize_kernel(
    x_ptr,
    factor_ptr,
    ranges_ptr,
    y_ptr,
    pixels,
    channels,
    height,
    width,
    padded_width,
    padded,
    x_sample,
    x_line,
    x_pixel,
    x_channel,
    pad_y: tl.constexpr,
    pad_x: tl.constexpr,
    range_step: tl.constexpr,
    high,
    has_factor: tl.constexpr,
    block_p: tl.constexpr,
    block_c: tl.constexpr,
):
    """y = clamp(rint(x * factor * inverse_scale) + zero_point, 0, high) - 128.

    x: any float type [B, height, width, channels] with these strides, in elements; factor float32
    [channels]; ranges float32 [R, 3], (inverse scale, zero point, scale): range_step 0 for the one
    of all samples, 3 for one each; y int8 [B, height + 2 pad_y, padded_width, channels], dense,
    `padded` pixels a sample and `pixels` in all, its border the zero point. A NaN becomes the zero
    point.
    """
    p = tl.program_id(0) * block_p + tl.arange(0, block_p)
    c = tl.program_id(1) * block_c + tl.arange(0, block_c)
    inside = p < pixels
    sample, within = p // padded, p % padded
    line, column = within // padded_width - pad_y, within % padded_width - pad_x
    seen = inside & (line >= 0) & (line < height) & (column >= 0) & (column < width)
    there = (c < channels)[None, :]
    place = sample.to(tl.int64) * x_sample + line.to(tl.int64) * x_line + column * x_pixel
    x = tl.load(
        x_ptr + place[:, None] + (c * x_channel)[None, :], mask=seen[:, None] & there, other=0.0
    ).to(tl.float32)
    if has_factor:
        x = x * tl.load(factor_ptr + c, mask=c < channels, other=1.0)[None, :]
    own = ranges_ptr + sample * range_step
    scaled = x * tl.load(own, mask=inside, other=0.0)[:, None]
    scaled = tl.where(scaled == scaled, scaled, 0.0)
    scaled = tl.minimum(tl.maximum(scaled, -_LARGE), _LARGE)
    rounded = (scaled + _ROUND) - _ROUND
    zero = tl.load(own + 1, mask=inside, other=0.0)[:, None]
    code = tl.minimum(tl.maximum(rounded + zero, 0.0), high)
    target = y_ptr + p.to(tl.int64)[:, None] * channels + c[None, :]
    tl.store(target, (code - 128.0).to(tl.int8), mask=inside[:, None] & there)
