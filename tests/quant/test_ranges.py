"""The range search over histograms against an exhaustive one over the values themselves."""

import pytest
import torch
from torch.nn import functional as F

from sdqviz.base.errors import SdqvizError
from sdqviz.quant.histograms import BINS, Histograms, over_edges
from sdqviz.quant.numerics import fake_quantize_activation
from sdqviz.quant.ranges import ActivationRange, search_ranges, spanning_range
from sdqviz.quant.spec import ActivationSpec

COUNT, CALLS = 1 << 18, 8


def gaussian(generator):
    return torch.randn(COUNT, generator=generator)


def laplace(generator):
    return gaussian(generator).sign() * -torch.rand(COUNT, generator=generator).clamp(1e-9).log()


def geglu(generator):
    return gaussian(generator) * F.gelu(gaussian(generator))


def silu(generator):
    return F.silu(2 * gaussian(generator))


def student_t4(generator):
    chi = torch.stack([gaussian(generator) for _ in range(4)]).square().sum(dim=0)
    return gaussian(generator) / (chi / 4).sqrt()


def one_in_a_million(generator):
    values = gaussian(generator)
    values[0] = 40.0
    return values


def nearly_sparse(generator):
    few = torch.rand(COUNT, generator=generator) < 0.02
    return few * gaussian(generator) + 0.001 * gaussian(generator)


KINDS = (gaussian, laplace, geglu, silu, student_t4, one_in_a_million, nearly_sparse)


def searched(values: torch.Tensor, spec: ActivationSpec, search: str = "mse") -> ActivationRange:
    """In calls of growing size of values, so that the histogram's range must grow."""
    seen = Histograms(1)
    for part in sorted(values.split(COUNT // CALLS), key=lambda part: part.abs().max()):
        seen.add(0, part)
    return search_ranges(seen, spec, search)[0]


def error(values: torch.Tensor, found: ActivationRange, spec: ActivationSpec) -> float:
    back = fake_quantize_activation(
        values, found.scale, found.inverse_scale, found.zero_point, spec
    )
    return (back - values).double().square().mean().item()


def exhaustive(values: torch.Tensor, spec: ActivationSpec) -> float:
    """The least error of all ranges shrunk by up to 99 % at both ends alike, in steps of 1 %."""
    low, high = values.min().item(), values.max().item()
    tried = (spanning_range(low * i / 100, high * i / 100, spec) for i in range(100, 0, -1))
    return min(error(values, one, spec) for one in tried)


@pytest.mark.parametrize("bits", [8, 6, 4])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_search_reaches_the_exhaustive_ones_error(kind, bits):
    values = kind(torch.Generator().manual_seed(3))
    spec = ActivationSpec(bits=bits)
    assert error(values, searched(values, spec), spec) <= 1.01 * exhaustive(values, spec)


def test_a_gaussian_keeps_most_of_its_range():
    """The optimum over this many Gaussian values; min-max in effect would keep 0.98 and more."""
    values, spec = gaussian(torch.Generator().manual_seed(3)), ActivationSpec(bits=8)
    found = searched(values, spec)
    kept = found.scale * spec.high / (values.max() - values.min()).item()
    assert kept == pytest.approx(0.86, abs=0.03)


def test_each_end_is_clipped_for_itself():
    """An outlier on one side costs the other side nothing."""
    values, spec = one_in_a_million(torch.Generator().manual_seed(3)), ActivationSpec(bits=4)
    assert error(values, searched(values, spec), spec) < 0.75 * exhaustive(values, spec)


def test_outliers_that_matter_are_kept():
    values, spec = gaussian(torch.Generator().manual_seed(3)), ActivationSpec(bits=8)
    values[: COUNT // 100] = 40.0
    found = searched(values, spec)
    assert (spec.high - found.zero_point) * found.scale > 39


def test_the_whole_range_is_exact():
    values, spec = student_t4(torch.Generator().manual_seed(3)), ActivationSpec(bits=8)
    whole = spanning_range(values.min().item(), values.max().item(), spec)
    assert searched(values, spec, "minmax") == whole


@pytest.mark.parametrize("scale", [1e-30, 1e-6, 1.0, 1e4, 1e30])
def test_a_histogram_loses_no_value_and_no_scale(scale):
    values = scale * student_t4(torch.Generator().manual_seed(3))
    at_once, grown = Histograms(1), Histograms(1)
    at_once.add(0, values)
    grown.add(0, torch.zeros(5))
    for part in sorted(values.split(COUNT // CALLS), key=lambda part: part.abs().max()):
        grown.add(0, part)
    grown.counts[0, BINS // 2] -= 5
    assert torch.equal(at_once.level, grown.level)
    assert at_once.counts.sum() == grown.counts.sum() == COUNT
    # A value on an edge may fall to either side of it.
    assert (at_once.counts - grown.counts).abs().sum() <= 1e-4 * COUNT
    # A quarter of the range, a half of the bins, is the least that the greatest value leaves.
    assert at_once.counts[0].nonzero().sub(BINS // 2).abs().max() >= BINS // 4 - 1


def test_rows_merge_to_what_they_saw_together():
    parts = [scale * gaussian(torch.Generator().manual_seed(3)) for scale in (0.01, 1.0, 30.0)]
    apart, together = Histograms(3), Histograms(2)
    for row, part in enumerate(parts):
        apart.add(row, part)
        together.add(min(row, 1), part)
    merged = apart.merged([[0], [1, 2]])
    for name in ("level", "low", "high"):
        assert torch.equal(getattr(merged, name), getattr(together, name)), name
    assert (merged.counts - together.counts).abs().sum() <= 1e-4 * 3 * COUNT


def test_other_edges_get_every_value_once():
    values = geglu(torch.Generator().manual_seed(3))
    seen = Histograms(1)
    seen.add(0, values)
    edges = torch.linspace(values.min().item(), values.max().item(), 65)
    counted = over_edges(seen, 0, edges)
    assert counted.sum() == COUNT
    exact = torch.histogram(values, edges).hist.double()
    assert (counted - exact).abs().max() < 0.01 * COUNT


def test_an_activation_that_is_not_finite_is_refused():
    for wrong in (torch.inf, torch.nan):
        seen = Histograms(2)
        seen.add(0, torch.randn(9))
        seen.add(1, torch.tensor([1.0, wrong]))
        with pytest.raises(SdqvizError, match="NaN or infinite"):
            search_ranges(seen, ActivationSpec())


@pytest.mark.parametrize("search", ["mse", "minmax"])
def test_a_constant_input_has_a_range(search):
    spec = ActivationSpec()
    assert searched(torch.zeros(COUNT), spec, search).zero_point == 0
    found = searched(torch.full((COUNT,), -2.5), spec, search)
    assert error(torch.tensor([-2.5, 0.0]), found, spec) < 1e-9
