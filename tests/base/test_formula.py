"""Formulas: arithmetic over settings, and nothing else."""

import pytest

from sdqviz.base.errors import SdqvizError
from sdqviz.base.formula import evaluate


@pytest.mark.parametrize(
    ("formula", "wanted"),
    [
        ("2 * steps + 1", 7),
        ("steps ** 2 / 2", 4.5),
        ("10 if kind == 'all' else 1", 10),
        ("max(steps, 8) - sqrt(16)", 4),
        ("-steps + (1 if off else 2)", -1),
    ],
)
def test_arithmetic(formula, wanted):
    assert evaluate(formula, {"steps": 3, "kind": "all", "off": False}) == wanted


@pytest.mark.parametrize(
    "formula",
    ["unknown + 1", "().__class__", "open('x')", "steps.real", "[1]", "1 / 0", "1 +", "min(a=1)"],
)
def test_anything_else_is_refused(formula):
    with pytest.raises(SdqvizError, match="the formula"):
        evaluate(formula, {"steps": 3})
