"""What the corrections fit, where the answer is known."""

import torch

from sdqviz.corrections.correlated import Sums
from sdqviz.corrections.stepwise import closed_form


def test_ptqd_finds_the_slope_and_the_bias():
    generator = torch.Generator().manual_seed(0)
    fp = torch.randn(4, 64, 64, generator=generator, dtype=torch.float64)
    bias = torch.tensor([0.1, -0.2, 0.0, 0.3], dtype=torch.float64)
    noise = 0.05 * torch.randn(4, 64, 64, generator=generator, dtype=torch.float64)
    for slope, wanted in ((0.25, 0.25), (-0.25, 0.0)):  # never below 0, as in their code
        sums = Sums()
        for half in (slice(0, 32), slice(32, 64)):
            error = slope * fp + bias.view(-1, 1, 1) + noise
            sums.add(fp[:, half], error[:, half])
        factor, shift = sums.correction()
        assert torch.allclose(factor, torch.full((4,), 1 / (1 + wanted)), atol=5e-3)
        assert torch.allclose(shift, bias.float(), atol=2e-2)


def test_tac_takes_the_least_error():
    generator = torch.Generator().manual_seed(0)
    wanted = torch.randn(2, 32, 32, generator=generator)
    given = wanted / torch.tensor([1.1, 0.9]).view(-1, 1, 1)
    exact = closed_form(given, wanted, 0.5, 0.0, 1.0)
    assert torch.allclose(exact, torch.tensor([1.1, 0.9]), atol=1e-5)
    pulled = closed_form(given, wanted, 0.5, 0.1, 1.0)
    assert 1 < pulled[0] < 1.1 and 0.9 < pulled[1] < 1
    q = given + 0.1 * torch.randn(2, 32, 32, generator=generator)
    found = closed_form(q, wanted, 0.3, 0.2, 1.0)

    def lost(k: float) -> float:
        large = (q[0].abs() > q[0].abs().mean()) & (wanted[0].abs() > wanted[0].abs().mean())
        off = k * q[0][large] - wanted[0][large]
        share = (off / wanted[0][large]).square().mean()
        return (0.7 * off.square().mean() + 0.3 * share + 0.2 * (k - 1) ** 2).item()

    best = found[0].item()
    assert lost(best) < min(lost(best - 0.01), lost(best + 0.01))
