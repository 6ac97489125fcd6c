"""Linear and convolution as one implicit matrix product over 4-bit codes.

A linear is a convolution of one tap on pictures of one pixel. Rows are output pixels, columns
output channels; the sum runs over taps and input channels. Codes and multipliers are read as they
are stored and become int8 in registers; the product is s8 x s8 with an int32 sum.
"""

import triton
import triton.language as tl


@triton.jit
def matmul_kernel(
    x_ptr,
    codes_ptr,
    multipliers_ptr,
    sums_ptr,
    step_ptr,
    bias_ptr,
    y_ptr,
    rows,
    outputs,
    inputs,
    groups,
    height,
    width,
    out_height,
    out_width,
    stride_y,
    stride_x,
    pad_y,
    pad_x,
    zero,
    taps: tl.constexpr,
    taps_x: tl.constexpr,
    group: tl.constexpr,
    four_bits: tl.constexpr,
    has_multipliers: tl.constexpr,
    has_bias: tl.constexpr,
    block_m: tl.constexpr,
    block_n: tl.constexpr,
    block_k: tl.constexpr,
    grid_group: tl.constexpr,
):
    """y = float32(sum_k w8 * (x - zero)) * step + bias.

    x int8 [B, height, width, inputs], its codes less 128, zero the zero point less 128; codes
    uint8 [O, taps, groups, group / 2] or int8 [O, taps, inputs]; multipliers uint8
    [O, ceil(taps * groups / 2)]; sums int32 [O] of w8; step and bias float32 [O];
    y [B, out_height, out_width, O]. block_k counts bytes of codes.
    """
    # Programs that share weights run close together, so that those stay in the L2 cache.
    program = tl.program_id(0)
    tiles_m = tl.cdiv(rows, block_m)
    tiles_n = tl.cdiv(outputs, block_n)
    in_group = grid_group * tiles_n
    first = (program // in_group) * grid_group
    size = tl.minimum(tiles_m - first, grid_group)
    tile_m = first + (program % in_group) % size
    tile_n = (program % in_group) // size

    m = tile_m * block_m + tl.arange(0, block_m)
    n = tile_n * block_n + tl.arange(0, block_n)
    in_rows, in_outputs = m < rows, n < outputs
    column = m % out_width
    line = (m // out_width) % out_height
    picture = m // (out_width * out_height)

    half: tl.constexpr = group // 2
    row_bytes = groups * half if four_bits else inputs
    row_multipliers = (taps * groups + 1) // 2
    acc = tl.zeros((block_m, block_n), dtype=tl.int32)
    for tap in range(taps):
        y = line * stride_y + tap // taps_x - pad_y
        x = column * stride_x + tap % taps_x - pad_x  # type: ignore[operator]
        seen = in_rows & (y >= 0) & (y < height) & (x >= 0) & (x < width)
        pixel = ((picture * height + y) * width + x).to(tl.int64) * inputs
        weights = (n.to(tl.int64) * taps + tap) * row_bytes
        for start in range(0, row_bytes, block_k):
            q = start + tl.arange(0, block_k)
            there = (q < row_bytes)[:, None] & in_outputs[None, :]
            stored = tl.load(codes_ptr + weights[None, :] + q[:, None], mask=there, other=0)
            if four_bits:
                low_k = (q // half) * group + q % half
                high_k = low_k + half
                byte = stored.to(tl.int32)
                low = ((byte & 15) ^ 8) - 8
                high = (((byte >> 4) & 15) ^ 8) - 8
                if has_multipliers:
                    flat = tap * groups + q // half
                    pair = tl.load(
                        multipliers_ptr + n[None, :] * row_multipliers + (flat // 2)[:, None],
                        mask=there,
                        other=0,
                    ).to(tl.int32)
                    multiplier = (pair >> (4 * (flat % 2))[:, None]) & 15
                    low, high = low * multiplier, high * multiplier
                # Outside the picture stands the zero point; past the inputs codes are 0.
                x_low = tl.load(
                    x_ptr + pixel[:, None] + low_k[None, :],
                    mask=seen[:, None] & (low_k < inputs)[None, :],
                    other=zero,
                )
                x_high = tl.load(
                    x_ptr + pixel[:, None] + high_k[None, :],
                    mask=seen[:, None] & (high_k < inputs)[None, :],
                    other=zero,
                )
                acc = tl.dot(x_low, low.to(tl.int8), acc, out_dtype=tl.int32)
                acc = tl.dot(x_high, high.to(tl.int8), acc, out_dtype=tl.int32)
            else:
                values = tl.load(
                    x_ptr + pixel[:, None] + q[None, :],
                    mask=seen[:, None] & (q < inputs)[None, :],
                    other=zero,
                )
                acc = tl.dot(values, stored.to(tl.int8), acc, out_dtype=tl.int32)
    acc -= zero * tl.load(sums_ptr + n, mask=in_outputs, other=0)[None, :]
    result = acc.to(tl.float32) * tl.load(step_ptr + n, mask=in_outputs, other=0.0)[None, :]
    if has_bias:
        result += tl.load(bias_ptr + n, mask=in_outputs, other=0.0)[None, :]
    place = m.to(tl.int64)[:, None] * outputs + n[None, :]
    tl.store(
        y_ptr + place,
        result.to(y_ptr.dtype.element_ty),
        mask=in_rows[:, None] & in_outputs[None, :],
    )


def _tuned():
    configs = [
        triton.Config(
            {"block_m": m, "block_n": n, "block_k": k, "grid_group": 8},
            num_warps=warps,
            num_stages=stages,
        )
        for m, n, k, warps, stages in (
            (128, 128, 32, 4, 4),
            (128, 128, 64, 8, 3),
            (128, 64, 64, 4, 4),
            (64, 128, 64, 4, 4),
            (64, 64, 64, 4, 4),
            (64, 64, 32, 4, 5),
            (256, 64, 32, 8, 3),
            (256, 128, 32, 8, 3),
            (32, 64, 64, 4, 5),
        )
    ]
    return triton.autotune(configs, key=["rows", "outputs", "inputs", "taps"])(matmul_kernel)


tuned_matmul = _tuned()
FIXED = {"block_m": 16, "block_n": 16, "block_k": 32, "grid_group": 2}  # for the interpreter
