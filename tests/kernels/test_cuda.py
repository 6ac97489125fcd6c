"""What of the engines on NVIDIA GPUs can be seen without one."""

import pytest
import torch

from sdqviz.kernels import cuda, measured
from sdqviz.kernels.contract import ConvShape, Operands, refused_layer
from sdqviz.kernels.cuda_int_mm import ENGINE as INT_MM
from sdqviz.kernels.eager import ENGINE as EAGER
from sdqviz.kernels.measured import FP, Timings, fastest, prefers_fp
from sdqviz.kernels.triton_int8 import ENGINE as INT8
from sdqviz.kernels.triton_w4a8 import ENGINE as W4A8
from sdqviz.quant.numerics import quantize_weight
from sdqviz.quant.pack import pack_weight
from sdqviz.quant.ranges import ActivationRange
from sdqviz.quant.spec import ActivationSpec, WeightSpec

ENGINES = (W4A8, INT8, INT_MM)
CUDA, CPU = torch.device("cuda"), torch.device("cpu")


def layer(conv: ConvShape | None = None, inputs: int = 40, bits: int = 4) -> Operands:
    generator = torch.Generator().manual_seed(inputs)
    taps = 1 if conv is None else conv.kernel[0] * conv.kernel[1]
    spec = WeightSpec(bits=bits, group=32 if bits <= 4 else 0)
    weight = quantize_weight(torch.randn(24, taps, inputs, generator=generator), spec)
    return Operands(
        shape=(24, taps, inputs),
        spec=spec,
        tensors=pack_weight(weight),
        bias=torch.randn(24, generator=generator),
        conv=conv,
        factor=torch.rand(inputs, generator=generator) + 0.5,
    )


def pair_of(scale: float, zero: int) -> ActivationRange:
    return ActivationRange(scale, (1 / torch.tensor(scale)).item(), zero)


POINT = ConvShape(kernel=(1, 1), stride=(1, 1), padding=(0, 0))
THREE = ConvShape(kernel=(3, 3), stride=(1, 1), padding=(1, 1))
LAST = torch.channels_last


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("kind", ["linear", "few rows", "point", "point, channels last"])
def test_pytorchs_int8_product_gives_the_references_bits(kind, bits, dtype):
    own = layer(POINT if "point" in kind else None, bits=bits)
    shape = {"linear": (2, 30, 40), "few rows": (2, 40)}.get(kind, (2, 40, 5, 6))
    x = 3 * torch.randn(shape, generator=torch.Generator().manual_seed(1)).to(dtype)
    if "last" in kind:
        x = x.contiguous(memory_format=LAST)
    x.flatten()[0] = float("nan")
    pairs = [
        ActivationRange(a, (1 / torch.tensor(a)).item(), z) for a, z in ((0.03, 130), (0.1, 9))
    ]
    spec = ActivationSpec()
    reference, prepared = EAGER.prepare(own), INT_MM.prepare(own)
    alone = [EAGER.run(x[i : i + 1], reference, pair, spec) for i, pair in enumerate(pairs)]
    y = INT_MM.run(x, prepared, pairs[0], spec)
    assert torch.equal(y[:1], alone[0]) and y.dtype == dtype
    assert x.dim() < 4 or y.stride() == torch.empty_like(y, memory_format=_format(x)).stride()
    rows = torch.cat([pair.row_on(CPU) for pair in pairs])  # a range for each sample
    assert torch.equal(INT_MM.run_rows(x, prepared, rows, spec), torch.cat(alone))


def _format(x: torch.Tensor) -> torch.memory_format:
    return LAST if x.is_contiguous(memory_format=LAST) else torch.contiguous_format


def test_layers_that_an_engine_cannot_compute_are_refused_with_the_reason():
    assert "one tap" in (refused_layer(INT_MM, layer(THREE)) or "")
    assert "by the 8, not 41 and 24" in (refused_layer(INT_MM, layer(inputs=41)) or "")
    assert "groups of 16, 32, 64" in (refused_layer(W4A8, layer(bits=8)) or "")
    assert refused_layer(W4A8, layer(THREE)) is None
    assert refused_layer(INT8, layer(THREE, bits=8)) is None


@pytest.fixture
def gpu(monkeypatch):
    """A GPU as far as questions go: its compute capability is set by the test."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    cuda._unusable.cache_clear()
    yield lambda major, minor: monkeypatch.setattr(
        torch.cuda, "get_device_capability", lambda device: (major, minor)
    )
    cuda._unusable.cache_clear()


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_turing_is_refused(engine, gpu):
    gpu(7, 5)
    refusal = engine.refusal(CUDA, ActivationSpec())
    assert refusal == "compute capability is 7.5, it needs 8.0 or more"


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_a_product_is_tried_on_the_device_itself(engine, gpu, monkeypatch):
    gpu(8, 6)

    def broken(engine, device):
        raise RuntimeError("ptxas: no kernel image\nand a long story")

    monkeypatch.setattr(cuda, "probe", broken)
    refusal = engine.refusal(CUDA, ActivationSpec())
    assert refusal == "a small product fails on this GPU: ptxas: no kernel image"
    cuda._unusable.cache_clear()
    monkeypatch.setattr(cuda, "probe", lambda engine, device: True)
    assert "comes out wrong" in engine.refusal(CUDA, ActivationSpec())
    cuda._unusable.cache_clear()
    monkeypatch.setattr(cuda, "probe", lambda engine, device: False)
    assert engine.refusal(CUDA, ActivationSpec()) is None


def test_the_probe_tells_a_wrong_product():
    assert not cuda.probe(INT_MM, CPU)

    class Wrong(type(INT_MM)):
        def run_rows(self, *given):
            return super().run_rows(*given) + 1

    assert cuda.probe(Wrong(), CPU)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_a_machine_without_a_driver_is_refused_with_the_reason(engine, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert engine.refusal(CUDA, ActivationSpec()) == "torch sees no NVIDIA GPU"


@pytest.fixture
def timed(monkeypatch):
    """The engines as if they served, their calls taking these seconds; who was timed."""
    seconds = {INT8.name: 3.0, W4A8.name: 2.0, INT_MM.name: 1.0, FP: 0.5}
    asked = []

    def take(engine, x, operands, spec):
        asked.append(engine.name)
        return seconds[engine.name]

    monkeypatch.setattr(measured, "candidates", lambda device, operands, spec: list(ENGINES))
    monkeypatch.setattr(measured, "_seconds_of", take)
    monkeypatch.setattr(measured, "timed", lambda call, device: (call(), seconds[FP])[1])
    return asked


def test_the_fastest_engine_is_measured_once_for_each_shape_and_kept(timed, tmp_path, caplog):
    asked = timed
    own, x, spec = layer(), torch.randn(2, 30, 40), ActivationSpec()
    file = tmp_path / "engines" / "gpu.json"
    assert fastest(x, own, spec, False, Timings(file)) is INT_MM
    assert sorted(asked) == sorted(engine.name for engine in ENGINES)
    assert str(file) in caplog.text  # it says that it measures, and where that is kept
    asked.clear()
    again = Timings(file)  # as another process finds it
    assert fastest(x, own, spec, False, again) is INT_MM
    assert fastest(x, own, spec, True, again) is W4A8  # packed: the one that reads the codes
    assert not asked
    assert prefers_fp(x, own, spec, again)
    picture = torch.randn(2, 40, 4, 4)
    assert fastest(picture, layer(THREE), spec, False, again) is INT_MM
    assert len(asked) == 3  # another shape
    rows = measured.summary(tmp_path)
    assert rows == [{"gpu": "gpu", "shapes": 2, "fastest": {"cuda_int_mm": 2}, "fp_faster": 2}]


def test_the_plain_layer_beside_the_engines_is_the_same_layer():
    for own, shape in ((layer(), (2, 30, 40)), (layer(THREE), (2, 40, 6, 5))):
        x = torch.randn(shape, generator=torch.Generator().manual_seed(2))
        scale = x.abs().max().item() / 127
        pair = pair_of(scale, 128)
        bare = Operands(**{**vars(own), "factor": None})
        quantized = EAGER.run(x, EAGER.prepare(bare), pair, ActivationSpec())
        y = measured.plain_layer(x, bare)()
        assert (y - quantized).abs().max() < 0.05 * y.abs().max()
