"""The launches as Triton prepares them for a GPU: arguments bound, compiled, not run."""

from types import SimpleNamespace

import pytest
import torch
from triton.backends.compiler import GPUTarget
from triton.runtime import driver

from sdqviz.kernels.cuda_int_mm import ENGINE as INT_MM
from sdqviz.kernels.triton_code import launch
from sdqviz.kernels.triton_int8 import ENGINE as INT8
from sdqviz.kernels.triton_w4a8 import ENGINE as W4A8
from sdqviz.quant.spec import ActivationSpec
from tests.kernels.triton_cases import input_of, made, pair_of

CAPABILITY = (8, 0)


@pytest.fixture
def launches(monkeypatch):
    """Triton as on an sm80 whose memory is the CPU's; what was launched, compiled for it."""
    target = GPUTarget("cuda", 10 * CAPABILITY[0] + CAPABILITY[1], 32)
    gpu = SimpleNamespace(
        get_current_target=lambda: target,
        get_current_device=lambda: 0,
        get_current_stream=lambda device: 0,
    )
    monkeypatch.setattr(driver, "_active", gpu)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device=None: CAPABILITY)
    made_here = []

    class Recorder:
        def __init__(self, kernel):
            self.kernel = kernel

        def __getitem__(self, grid):
            def call(*given, **fixed):
                built = self.kernel.warmup(*given, grid=grid, **fixed)
                made_here.append((self.kernel, built, grid, fixed))

            return call

    for name in ("quantize_kernel", "matmul_kernel", "tuned_matmul", "epilogue_kernel"):
        monkeypatch.setattr(launch, name, Recorder(getattr(launch, name)))
    return made_here


def operands_and_input(kernel=0):
    operands = made(out=64, inputs=128, kernel=kernel, padding=kernel // 2, factor=True)
    return operands, input_of(operands, torch.float16)


@pytest.mark.parametrize(("engine", "kernel"), [(W4A8, 3), (INT8, 0)])
def test_a_call_is_two_launches_that_compile(launches, engine, kernel):
    operands, x = operands_and_input(kernel)
    engine.run(x, engine.prepare(operands), pair_of(131), ActivationSpec())
    (rounding, *_), (product, built, _, fixed) = launches
    assert (rounding.fn.__name__, product.fn.__name__) == ("quantize_kernel", "matmul_kernel")
    assert fixed["even"] and "mma" in built.asm["ptx"]
    assert "fma.rn.f32" not in built.asm["ptx"]  # the formula rounds between product and bias


def test_every_tile_of_this_gpu_may_be_chosen(launches, monkeypatch):
    """The tuned launch takes the same arguments, and tries the tiles for this GPU alone."""
    operands, x = operands_and_input()
    prepared, rows = W4A8.prepare(operands), pair_of(131).row_on(x.device)
    codes = launch.quantize(x, None, operands.factor, rows, ActivationSpec())
    monkeypatch.setattr(launch, "_on_gpu", lambda tensor: True)
    y = torch.empty(*codes.out_shape, 64, dtype=torch.float16)
    launch.multiply(codes, prepared, rows, y)
    _, built, grid, fixed = launches[-1]
    assert len(built) == len(launch.tiles(CAPABILITY, 32)) == 3
    assert all("mma" in kernel.asm["ptx"] for kernel in built)
    assert fixed["group"] == 32
    assert grid({"block_m": 32, "block_n": 64}) == (1,)


def test_sums_of_another_product_are_scaled_in_one_launch(launches):
    operands, x = operands_and_input()
    prepared = INT_MM.prepare(operands)
    rows = torch.cat([pair_of(131).row_on(x.device), pair_of(7).row_on(x.device)])
    total = torch.zeros(14, 64, dtype=torch.int32)
    y = launch.scale_sums(total, prepared.sums, operands, rows, torch.bfloat16)
    assert y.shape == (14, 64) and y.dtype == torch.bfloat16
    ((_, built, _, fixed),) = launches
    assert fixed["range_step"] == 3 and "fma.rn.f32" not in built.asm["ptx"]
