from sdqviz.views.charts.scores import score_chips

METRIC = {
    "label": "SSIM",
    "median": 0.9,
    "floor": 1.0,
    "ceiling": 0.5,
    "direction": "higher",
    "settings": "Wang <et al.>",
    "reason": None,
}


def test_chips_place_a_score_between_its_references():
    html = score_chips({"ssim": METRIC})
    assert "left:20.0%" in html
    assert "&lt;et al.&gt;" in html
    scene = {"metrics": {"ssim": 0.5}, "floor": {"ssim": 1.0}, "ceiling": {"ssim": 0.5}}
    assert "left:100.0%" in score_chips({"ssim": METRIC}, scene)
    missing = {**METRIC, "median": None, "reason": "run sdqviz fetch metrics"}
    assert "run sdqviz fetch metrics" in score_chips({"ssim": missing})
