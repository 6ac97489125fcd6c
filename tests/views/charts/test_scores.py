from dataclasses import replace

from sdqviz.views.charts.scores import score_chips
from tests.results.made import metric_summary, scene_row

METRIC = metric_summary(settings="Wang <et al.>", interval=(0.85, 0.93))


def test_chips_place_a_score_between_its_references():
    html = score_chips({"ssim": METRIC})
    assert "left:20.0%" in html
    assert "&lt;et al.&gt;" in html
    scene = scene_row(metrics={"ssim": 0.5}, floor={"ssim": 1.0}, ceiling={"ssim": 0.5})
    assert "left:100.0%" in score_chips({"ssim": METRIC}, scene)
    assert "(0.850 to 0.930)" in html
    assert "0.850" not in score_chips({"ssim": METRIC}, scene)  # of the scenes, not of this one


def test_a_metric_without_a_number_has_no_chip():
    missing = replace(METRIC, median=None, others={"reason": "run sdqviz fetch metrics"})
    assert score_chips({"ssim": missing}) == score_chips({})
    unscored = scene_row(metrics={"flip": 0.5})
    assert score_chips({"ssim": METRIC}, unscored) == score_chips({})
