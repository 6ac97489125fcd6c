"""The Triton kernels compiled for GPUs that need not be here: registers, spills, shared memory.

`python -m tests.kernels.compiled` prints a table of every variant.
"""

import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from sdqviz.kernels.triton_code.matmul import matmul_kernel
from sdqviz.kernels.triton_code.quantize import quantize_kernel
from sdqviz.kernels.triton_code.tiles import GRID_GROUP, Tile, tiles

# Shared memory that a program may take, from the CUDA programming guide: bytes.
SHARED = {80: 166912, 86: 101376, 89: 101376, 90: 232448, 100: 232448, 120: 101376}
_POINTERS = {
    "weights_ptr": "*i32",
    "multipliers_ptr": "*u8",
    "sums_ptr": "*i32",
    **dict.fromkeys(("scale_ptr", "bias_ptr", "ranges_ptr", "factor_ptr"), "*fp32"),
}
_UNALIGNED = {"rows", "groups", "padded_width", "padded", "out_width", "out_pixels", "stride_y"}
_UNALIGNED |= {"stride_x", "pixels", "height", "width", "high", "ranges_ptr"}


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One kernel for one GPU."""

    capability: int
    kernel: Any
    label: str
    constants: dict[str, Any]
    pointers: dict[str, str]
    warps: int
    stages: int


@dataclass(frozen=True, kw_only=True)
class Usage:
    registers: int
    spilled_bytes: int
    shared_bytes: int
    matrix_instructions: int


def variants() -> Iterator[Variant]:
    """Every tile of every GPU over 4-bit codes and int8; and once what else makes a variant."""
    for capability in SHARED:
        for group in (32, 0):
            for tile in tiles((capability // 10, capability % 10), group):
                yield product(capability, group, tile, taps=9)
    small = tiles((8, 0), 32)[0]
    for group, taps, dtype, even in ((16, 1, "bf16", True), (64, 1, "fp32", True)):
        yield product(80, group, small, taps=taps, dtype=dtype, even=even)
    for channel in (1, None):
        yield rounding(80, channel)


def product(
    capability: int, group: int, tile: Tile, taps: int, dtype: str = "fp16", even: bool = False
) -> Variant:
    """even False has the masks of a last step that is not whole: the larger program."""
    constants = {
        "taps": taps,
        "taps_x": 3 if taps == 9 else 1,
        "group": group,
        "even": even,
        "has_bias": True,
        "range_step": 3,
        "y_channel": 1,
        "grid_group": GRID_GROUP,
        **{n: getattr(tile, n) for n in ("block_m", "block_n", "block_k")},
    }
    blocks = f"{tile.block_m}x{tile.block_n}x{tile.block_k}"
    return Variant(
        capability=capability,
        kernel=matmul_kernel,
        label=f"{f'codes, g={group}' if group else 'int8'}, {taps} taps, {blocks}, {dtype}",
        constants=constants,
        pointers={
            "x_ptr": "*i8",
            **_POINTERS,
            "y_ptr": f"*{dtype}",
            **({} if group else {"weights_ptr": "*i8"}),
        },
        warps=tile.warps,
        stages=tile.stages,
    )


def rounding(capability: int, channel_stride: int | None) -> Variant:
    last = channel_stride == 1
    constants: dict[str, Any] = {
        **dict.fromkeys(("pad_y", "pad_x"), 1),
        "range_step": 3,
        "has_factor": True,
        "block_p": 16 if last else 64,
        "block_c": 128 if last else 64,
        ("x_channel" if last else "x_pixel"): 1,
    }
    return Variant(
        capability=capability,
        kernel=quantize_kernel,
        label=f"rounding, channels {'last' if last else 'first'}",
        constants=constants,
        pointers={"x_ptr": "*fp16", **_POINTERS, "y_ptr": "*i8"},
        warps=4,
        stages=3,
    )


def compiled(variant: Variant) -> Usage:
    """Compiles a variant down to the machine's code and reads what it takes."""
    names = variant.kernel.arg_names
    signature = {name: variant.pointers.get(name, "i32") for name in names}
    signature |= dict.fromkeys(variant.constants, "constexpr")
    if "high" in signature:
        signature["high"] = "fp32"
    aligned = [n for n in names if n not in variant.constants and n not in _UNALIGNED]
    source = ASTSource(
        fn=variant.kernel,
        signature=signature,
        constexprs={(names.index(n),): value for n, value in variant.constants.items()},
        attrs={(names.index(n),): [["tt.divisibility", 16]] for n in aligned},
    )
    options = {"num_warps": variant.warps, "num_stages": variant.stages, "enable_fp_fusion": False}
    made = triton.compile(source, target=GPUTarget("cuda", variant.capability, 32), options=options)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kernel.cubin"
        file.write_bytes(made.asm["cubin"])
        tool = triton.knobs.nvidia.cuobjdump.path
        told = subprocess.run(
            [tool, "-res-usage", file], capture_output=True, text=True, check=True
        ).stdout
    found = re.search(r"REG:(\d+) STACK:(\d+) SHARED:\d+ LOCAL:(\d+)", told)
    assert found is not None, told
    registers, stack, local = map(int, found.groups())
    return Usage(
        registers=registers,
        spilled_bytes=stack + local,
        shared_bytes=made.metadata.shared,
        matrix_instructions=len(re.findall(r"mma\S*\.s8\b|kind::i8", made.asm["ptx"])),
    )


def main() -> None:
    print("| sm | kernel | registers | spilled bytes | shared bytes |\n|---|---|---|---|---|")
    for variant in variants():
        usage = compiled(variant)
        cells = (usage.registers, usage.spilled_bytes, usage.shared_bytes)
        print(
            f"| {variant.capability} | {variant.label} | {' | '.join(map(str, cells))} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
