import pytest
import torch

from sdqviz.quant import pack
from sdqviz.quant.numerics import quantize_weight
from sdqviz.quant.pack import expand_weight, pack_weight, unpack_weight
from sdqviz.quant.spec import WeightSpec


@pytest.mark.parametrize("shape", [(5, 1, 70), (4, 9, 32), (3, 4, 33), (1, 1, 2)])
@pytest.mark.parametrize(("bits", "group"), [(4, 32), (4, 6), (4, 0), (3, 64), (2, 16), (8, 32)])
def test_the_expanded_weight_is_code_times_multiplier(shape, bits, group, monkeypatch):
    monkeypatch.setattr(pack, "_EXPANDED_BYTES", 100)  # several blocks even here
    spec = WeightSpec(bits=bits, group=group)
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    quantized = quantize_weight(weight, spec)
    tensors = pack_weight(quantized)
    w8 = expand_weight(tensors, shape, spec)
    assert w8.dtype == torch.int8 and w8.is_contiguous()
    assert torch.equal(w8, quantized.integer())
    assert torch.equal(w8, unpack_weight(tensors, shape, spec).integer())
