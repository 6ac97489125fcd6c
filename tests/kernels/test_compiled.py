"""Every variant of the kernels compiles for every GPU that the engines accept (no GPU needed)."""

import pytest

from tests.kernels.compiled import SHARED, compiled, matmul_kernel, variants


@pytest.mark.timeout(1500)  # half a minute of a free core
def test_every_variant_compiles_without_spills_and_fits_shared_memory(record_property):
    seen = set()
    for variant in variants():
        usage = compiled(variant)
        at = f"sm{variant.capability} {variant.label}"
        record_property(at, str(usage))
        print(f"{at}: {usage}")
        assert usage.spilled_bytes == 0, (at, usage)
        assert usage.shared_bytes <= SHARED[variant.capability], (at, usage)
        # The product is one of int8 on the matrix units, not of something wider.
        assert (usage.matrix_instructions > 0) == (variant.kernel is matmul_kernel), (at, usage)
        seen.add((variant.capability, variant.kernel))
    assert {capability for capability, kernel in seen if kernel is matmul_kernel} == set(SHARED)
