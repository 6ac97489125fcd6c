"""How many samples each call gives, and which."""

import pytest
import torch

from sdqviz.base.errors import SdqvizError
from sdqviz.choices.contract import counts_of, picks_of
from sdqviz.choices.coverage import coverage_shares
from sdqviz.choices.density import density_shares


@pytest.mark.parametrize(
    ("shares", "samples", "most", "counts"),
    [
        ([1, 0, 1, 0], 6, 10, [3, 0, 3, 0]),
        ([1, 1, 1], 4, 10, [2, 1, 1]),  # what rounding leaves goes somewhere
        ([8, 1, 1], 10, 4, [4, 3, 3]),  # there are no more of a call than there are
        ([1, 1], 100, 3, [3, 3]),
        ([0.2, 0.7, 0.1], 10, 100, [2, 7, 1]),
    ],
)
def test_counts_follow_the_shares(shares, samples, most, counts):
    assert counts_of(shares, samples, most) == counts


def test_nothing_chosen_is_refused():
    with pytest.raises(SdqvizError, match="no call was chosen"):
        counts_of([0.0, 0.0], 4, 4)


def test_picks_are_distinct_and_the_same_each_time():
    picks = picks_of([3, 0, 8], scenes=4, branches=2)
    assert picks == picks_of([3, 0, 8], scenes=4, branches=2)
    assert len(set(picks)) == 11 and {pick.call for pick in picks} == {0, 2}
    assert {(p.scene, p.branch) for p in picks if p.call == 2} == {
        (scene, branch) for scene in range(4) for branch in range(2)
    }
    assert [pick.scene for pick in picks] == sorted(pick.scene for pick in picks)


def test_coverage_takes_one_of_each_crowd_and_counts_it_for_all():
    generator = torch.Generator().manual_seed(0)
    crowds = [torch.randn(6, 8, generator=generator) for _ in range(3)]
    sizes = (5, 2, 1)
    features = [
        crowd + 0.01 * torch.randn(6, 8, generator=generator)
        for crowd, size in zip(crowds, sizes, strict=True)
        for _ in range(size)
    ]
    shares = coverage_shares(features, 3)
    assert [sum(shares[a:b]) for a, b in ((0, 5), (5, 7), (7, 8))] == [5.0, 2.0, 1.0]
    assert len([share for share in shares if share]) == 3
    assert sum(coverage_shares(features, 100)) == 8


def test_density_finds_the_crowd_and_diversity_the_stranger():
    generator = torch.Generator().manual_seed(0)
    crowd = torch.randn(6, 8, generator=generator)
    features = [crowd + 0.01 * torch.randn(6, 8, generator=generator) for _ in range(4)]
    features.append(-crowd)
    dense = density_shares(features, 0.3, 0.0)
    unlike = density_shares(features, 0.0, 5.0)
    assert min(dense[:4]) > dense[4]
    assert unlike[4] == max(unlike) and unlike[4] > 3 * max(unlike[:4])
