"""Samples count by how far their gradients agree with those of all timesteps."""

import pytest
import torch

from sdqviz.base.steps import result_of
from sdqviz.training.aligned_weights import aligning, judges


def test_each_group_of_timesteps_has_a_judge_and_samples_left():
    timesteps = [float(t) for t in (900, 100, 500, 300, 700, 200, 800, 400, 600, 1000)]
    held = judges(timesteps, 5)
    assert [len(own) for own in held] == [1] * 5
    assert [timesteps[own[0]] for own in held] == sorted(timesteps[own[0]] for own in held)
    assert len({place for own in held for place in own}) == 5
    assert [len(own) for own in judges([1.0, 2.0], 5)] == [1]  # never all of them


def test_a_sample_that_pulls_against_a_group_counts_less():
    timesteps = [float(t) for t in range(12)]
    gradients = torch.tensor([[1.0, 0.2]] * 12)
    gradients[2] = torch.tensor([-1.0, 0.0])  # against all
    gradients[4] = torch.tensor([1.0, 0.2]) * 1000  # its size is no merit
    found = result_of(aligning(lambda p: gradients[list(p)].mean(dim=0), timesteps, 3, 2.0))
    held = [place for own in judges(timesteps, 3) for place in own]
    assert 2 not in held and 4 not in held
    assert found.weights[held].tolist() == [0.0] * len(held)
    others = [p for p in range(12) if p not in (*held, 2)]
    assert found.weights[2] < 0.05 * found.weights[others].min()
    assert found.weights[4].item() == pytest.approx(found.weights[others[0]].item())
    assert found.weights.sum().item() == pytest.approx(12 - len(held))
    assert found.agreement == pytest.approx(1.0)
