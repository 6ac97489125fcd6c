from sdqviz.views.charts.steps import step_errors
from tests.views.svg import svg_of


def test_step_errors_draws_every_step_of_both_curves():
    svg = svg_of(step_errors([1e-3, 2e-3, 5e-3], [1e-4, 3e-4, 0.0], [901, 501, 1]))
    points = [line.get("points").split() for line in svg.iter("polyline")]
    assert [len(p) for p in points] == [3, 3]
    heights = [float(p.split(",")[1]) for p in points[1]]
    assert heights == sorted(heights, reverse=True)  # larger errors stand higher
    assert "0" in svg.get("aria-label")


def test_scenes_of_different_lengths_say_so():
    assert "No curve" in step_errors([], [], [])
