"""From int32 sums to the layer's output, in one pass over memory."""

import triton
import triton.language as tl


@triton.jit(do_not_specialize=["count", "out_pixels"])
def epilogue_kernel(
    sums_ptr,
    own_ptr,
    scale_ptr,
    bias_ptr,
    ranges_ptr,
    y_ptr,
    count,
    outputs,
    out_pixels,
    has_bias: tl.constexpr,
    range_step: tl.constexpr,
    block: tl.constexpr,
):
    """y = float32(sums - zero * own) * (scale * a) + bias, `count` values [rows, outputs], dense.

    sums int32 of codes less 128; own int32 [O] of the weights; ranges as in `quantize_kernel`, a
    sample `out_pixels` rows.
    """
    place = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
    inside = place < count
    n = (place % outputs).to(tl.int32)
    a_range = ranges_ptr + (place // outputs // out_pixels) * range_step
    zero = tl.load(a_range + 1, mask=inside, other=0.0).to(tl.int32) - 128
    acc = tl.load(sums_ptr + place, mask=inside, other=0)
    acc -= zero * tl.load(own_ptr + n, mask=inside, other=0)
    step = tl.load(scale_ptr + n, mask=inside, other=0.0) * tl.load(
        a_range + 2, mask=inside, other=0.0
    )
    result = acc.to(tl.float32) * step
    if has_bias:
        result += tl.load(bias_ptr + n, mask=inside, other=0.0)
    tl.store(y_ptr + place, result.to(y_ptr.dtype.element_ty), mask=inside)
