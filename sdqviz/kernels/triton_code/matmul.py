"""Linear and convolution as one implicit matrix product of int8 with an int32 sum.

A linear is a convolution of one tap on pictures of one line. Rows are output pixels, columns output
channels; the sum runs over taps and input channels. The input is padded already, so no load needs
to ask whether it lies in the picture. Weights are int8 as they are, or 4-bit codes that become int8
in registers, four at a time.
"""

import triton
import triton.language as tl

_NIBBLES = tl.constexpr(0x0F0F0F0F)
_EIGHTS = tl.constexpr(0x88888888 - (1 << 32))  # as int32
_SIGNS = tl.constexpr(0x80808080 - (1 << 32))
_ONES = tl.constexpr(0x01010101)


@triton.jit
def four_products(nibbles, multiplier, offset):
    """code * multiplier of four codes in the bytes of a word, each code + 8: int32, four int8.

    (code + 8) * multiplier + (128 - 8 * multiplier) lies in 8 to 248, so no byte carries into the
    next; flipping the top bits takes the 128 off again.
    """
    return (nibbles * multiplier + offset) ^ _SIGNS


@triton.jit
def bytes_of(words, rows: tl.constexpr, count: tl.constexpr):
    """The bytes of int32 words [rows, count], the lowest first: int8 [rows, 4 * count]."""
    first, second = words.to(tl.int8), (words >> 8).to(tl.int8)
    third, fourth = (words >> 16).to(tl.int8), (words >> 24).to(tl.int8)
    pairs = tl.join(tl.join(first, third), tl.join(second, fourth))
    return tl.reshape(pairs, (rows, 4 * count))


@triton.jit(
    do_not_specialize=[
        *("rows", "groups", "padded_width", "padded", "out_width", "out_pixels"),
        *("stride_y", "stride_x"),
    ]
)
def matmul_kernel(
    x_ptr,
    weights_ptr,
    multipliers_ptr,
    sums_ptr,
    scale_ptr,
    bias_ptr,
    ranges_ptr,
    y_ptr,
    rows,
    outputs,
    inputs,
    groups,
    padded_width,
    padded,
    out_width,
    out_pixels,
    stride_y,
    stride_x,
    y_sample,
    y_pixel,
    y_channel,
    taps: tl.constexpr,
    taps_x: tl.constexpr,
    group: tl.constexpr,
    even: tl.constexpr,
    has_bias: tl.constexpr,
    range_step: tl.constexpr,
    block_m: tl.constexpr,
    block_n: tl.constexpr,
    block_k: tl.constexpr,
    grid_group: tl.constexpr,
):
    """y = float32(sum_k w8 * (x8 - zero)) * (scale * a) + bias.

    x int8 [B, lines, padded_width, inputs], the codes less 128, `padded` pixels a sample; weights
    int8 [O, taps, inputs] for group 0, else int32 words of the codes [O, taps, groups, group / 2]
    with their multipliers uint8 [taps, groups, O]; sums int32 [O] of w8; scale and bias float32
    [O]; ranges float32 [R, 3] as in `quantize_kernel`; y [B, lines, out_width, O] of these strides.
    even: whether inputs is a multiple of block_k.
    """
    # Programs that share weights run close together, so that those stay in the L2 cache.
    program = tl.program_id(0)
    tiles_m = tl.cdiv(rows, block_m)
    tiles_n = tl.cdiv(outputs, block_n)
    in_group = grid_group * tiles_n
    first = (program // in_group) * grid_group
    size = tl.minimum(tiles_m - first, grid_group)
    m = (first + (program % in_group) % size) * block_m + tl.arange(0, block_m)
    n = ((program % in_group) // size) * block_n + tl.arange(0, block_n)
    # Past the end rows and columns begin anew: loads need no mask, stores have one.
    row, out = m % rows, n % outputs
    sample, within = row // out_pixels, row % out_pixels
    corner = (within // out_width) * stride_y * padded_width + (within % out_width) * stride_x
    pixel = (sample * padded + corner).to(tl.int64)

    acc = tl.zeros((block_m, block_n), dtype=tl.int32)
    steps = tl.cdiv(inputs, block_k)
    if group == 0:
        k = tl.arange(0, block_k)
        x_at = x_ptr + (pixel * inputs)[:, None] + k[None, :]
        w_at = weights_ptr + out.to(tl.int64)[:, None] * (taps * inputs) + k[None, :]
        for step in range(taps * steps):
            tap, start = 0, step * block_k
            if taps > 1:
                tap, start = step // steps, (step % steps) * block_k
            shift = (tap // taps_x) * padded_width + tap % taps_x  # type: ignore[operator]
            shift = shift * inputs + start
            if even:
                x = tl.load(x_at + shift)
                w = tl.load(w_at + (tap * inputs + start))
            else:
                there = (k < inputs - start)[None, :]
                x = tl.load(x_at + shift, mask=there, other=0)
                w = tl.load(w_at + (tap * inputs + start), mask=there, other=0)
            acc = tl.dot(x, tl.trans(w), acc, out_dtype=tl.int32)
    else:
        half: tl.constexpr = group // 2
        group_words: tl.constexpr = group // 8
        step_groups: tl.constexpr = block_k // group
        words: tl.constexpr = block_k // 8
        word, own = tl.arange(0, words), tl.arange(0, step_groups)
        byte = tl.arange(0, block_k // 2)
        low = (byte // half) * group + byte % half  # a byte's low code; the high one is half on
        row_words = groups * group_words
        x_at = x_ptr + (pixel * inputs)[:, None] + low[None, :]
        w_at = weights_ptr + out.to(tl.int64)[:, None] * (taps * row_words) + word[None, :]
        m_at = multipliers_ptr + out[:, None] + own[None, :] * outputs
        for step in range(taps * steps):
            tap, start = 0, step * step_groups
            if taps > 1:
                tap, start = step // steps, (step % steps) * step_groups
            shift = (tap // taps_x) * padded_width + tap % taps_x  # type: ignore[operator]
            shift = shift * inputs + start * group
            flat = tap * groups + start
            if even:
                x_low = tl.load(x_at + shift)
                x_high = tl.load(x_at + shift + half)
                stored = tl.load(w_at + flat * group_words)
                multiplier = tl.load(m_at + flat * outputs)
            else:
                left = inputs - start * group
                x_low = tl.load(x_at + shift, mask=(low < left)[None, :], other=0)
                x_high = tl.load(x_at + shift + half, mask=(low < left - half)[None, :], other=0)
                there = (word < row_words - start * group_words)[None, :]
                stored = tl.load(w_at + flat * group_words, mask=there, other=0)
                # A multiplier of 0 makes the weights of a group that is not there 0.
                there = (own < groups - start)[None, :]
                multiplier = tl.load(m_at + flat * outputs, mask=there, other=0)
            multiplier = multiplier.to(tl.int32)[:, :, None]
            offset = (128 - 8 * multiplier) * _ONES
            codes = tl.reshape(stored ^ _EIGHTS, (block_n, step_groups, group_words))
            w_low = four_products(codes & _NIBBLES, multiplier, offset)
            w_high = four_products((codes >> 4) & _NIBBLES, multiplier, offset)
            w = bytes_of(tl.reshape(w_low, (block_n, words)), block_n, words)
            acc = tl.dot(x_low, tl.trans(w), acc, out_dtype=tl.int32)
            w = bytes_of(tl.reshape(w_high, (block_n, words)), block_n, words)
            acc = tl.dot(x_high, tl.trans(w), acc, out_dtype=tl.int32)

    a_range = ranges_ptr + sample * range_step
    zero = tl.load(a_range + 1).to(tl.int32) - 128
    acc -= zero[:, None] * tl.load(sums_ptr + out)[None, :]
    step_size = tl.load(scale_ptr + out)[None, :] * tl.load(a_range + 2)[:, None]
    result = acc.to(tl.float32) * step_size
    if has_bias:
        result += tl.load(bias_ptr + out)[None, :]
    place = sample.to(tl.int64) * y_sample + within * y_pixel
    tl.store(
        y_ptr + place[:, None] + (n * y_channel)[None, :],
        result.to(y_ptr.dtype.element_ty),
        mask=(m < rows)[:, None] & (n < outputs)[None, :],
    )
