"""Activations to int8, in one pass over memory."""

import triton
import triton.language as tl

_ROUND = tl.constexpr(12582912.0)  # 1.5 * 2^23: adding it rounds a float32 to nearest even
_LARGE = tl.constexpr(1048576.0)  # well past every code, well inside what _ROUND rounds


@triton.jit
def quantize_kernel(
    x_ptr,
    factor_ptr,
    y_ptr,
    count,
    channels,
    inverse_scale,
    zero_point,
    high,
    has_factor: tl.constexpr,
    block: tl.constexpr,
):
    """y = clamp(rint(x * factor * inverse_scale) + zero_point, 0, high) - 128.

    x: any float type, dense, channels last; factor float32 [channels]; y int8 like x. A NaN
    becomes the zero point.
    """
    place = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
    inside = place < count
    x = tl.load(x_ptr + place, mask=inside, other=0.0).to(tl.float32)
    if has_factor:
        x = x * tl.load(factor_ptr + place % channels, mask=inside, other=1.0)
    scaled = x * inverse_scale
    scaled = tl.where(scaled == scaled, scaled, 0.0)
    scaled = tl.minimum(tl.maximum(scaled, -_LARGE), _LARGE)
    rounded = (scaled + _ROUND) - _ROUND
    code = tl.minimum(tl.maximum(rounded + zero_point, 0.0), high)
    tl.store(y_ptr + place, (code - 128.0).to(tl.int8), mask=inside)
