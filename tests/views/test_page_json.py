import json
import math

from sdqviz.views.charts.steps import step_errors
from sdqviz.views.page_json import page_json


def test_what_is_not_finite_is_null():
    value = {"a": [1.5, math.nan, (math.inf, 2)], "b": {"c": -math.inf, "d": "NaN"}}
    assert json.loads(page_json(value)) == {
        "a": [1.5, None, [None, 2]],
        "b": {"c": None, "d": "NaN"},
    }


def test_a_curve_that_diverges_is_drawn_as_far_as_it_goes():
    html = step_errors([1e-3, math.inf, math.nan], [1e-4, 3e-4, 2e-4], [901, 501, 1])
    assert html.count("<circle") == 4
    assert "nan" not in html.lower()
