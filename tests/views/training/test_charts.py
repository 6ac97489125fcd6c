"""Training curves and the ablation's table, from plain events."""

import re
from dataclasses import replace

from sdqviz.base.events import SECONDS, Preview, Scalar, State
from sdqviz.base.stage_names import StageNames
from sdqviz.results.ablation import ArmRow, Spread
from sdqviz.views.charts.curves import Curve, curve_chart, smoothed
from sdqviz.views.charts.svg import standalone
from sdqviz.views.training.ablation import ablation_plot, ablation_table
from sdqviz.views.training.charts import (
    TRAIN,
    block_chart,
    frozen_list,
    influence_chart,
    loss_chart,
    preview_strip,
    worst_blocks,
)
from sdqviz.views.training.history import history
from sdqviz.views.training.stages import stage_bar

EVENTS = [
    *(Scalar(name="loss", step=s, value=1 / (s + 1)) for s in range(4)),
    *(Scalar(name="output", step=s, value=0.5 / (s + 1)) for s in range(4)),
    *(
        Scalar(name="block", layer=b, step=s, value=v)
        for b, v in (("a", 0.2), ("b", 0.1))
        for s in range(4)
    ),
    Scalar(name="influence", step=0, timestep=961.0, value=0.1),
    Scalar(name="influence", step=1, timestep=1.0, value=1.9),
    State(name="frozen", layer="b", step=2, reason="plateau: <1 %"),
    Preview(name="student", step=0, blob="0.png"),
    Preview(name="teacher", step=0, blob="t.png"),
    Scalar(name="tune_flip", step=0, value=0.125),
]


def test_repeated_steps_of_a_resumed_run_come_once():
    again = history([*EVENTS, Scalar(name="loss", step=3, value=0.25)])
    assert again.points("loss") == [(0, 1.0), (1, 0.5), (2, 1 / 3), (3, 0.25)]
    assert again.blocks == ["a", "b"]
    assert worst_blocks(again, 1) == ["a"]


def test_the_charts_show_what_was_recorded():
    seen = history(EVENTS)
    assert loss_chart(seen, 0.5, True).count("<polyline") == 2
    blocks = block_chart(seen, TRAIN, ["b"], 0.0, True)
    assert blocks.count("<polyline") == 2
    assert "b, step 2: plateau: &lt;1 %" in blocks  # escaped, on the curve
    assert "<b>b</b> at step 2" in frozen_list(seen)
    assert "the largest is 1.9 at timestep 1" in influence_chart(seen)
    strip = preview_strip(seen, lambda blob: f"/files/{blob}")
    assert re.findall(r'src="([^"]+)"', strip) == ["/files/0.png", "/files/t.png"]
    assert "step 0, FLIP 0.125" in strip
    empty = history([])
    assert "No curve" in loss_chart(empty, 0.0, True)
    assert "alike" in influence_chart(empty)


def test_smoothing_has_no_bias_at_the_start():
    points = [(0, 2.0), (1, 2.0), (2, 5.0)]
    assert smoothed(points, 0.0) == points
    assert [round(v, 6) for _, v in smoothed(points, 0.9)][:2] == [2.0, 2.0]


def test_a_higher_value_is_drawn_higher_on_both_scales():
    for logarithmic in (True, False):
        chart = curve_chart([Curve("c", [(0, 1.0), (10, 0.01)])], "y", "s", logarithmic=logarithmic)
        (points,) = re.findall(r'points="([^"]+)"', chart)
        (x0, y0), (x1, y1) = (tuple(map(float, p.split(","))) for p in points.split())
        assert x0 < x1
        assert y0 < y1  # SVG's y grows downwards


def spread(value):
    return Spread(median=value, low=value - 0.01, high=value + 0.01)


def test_the_table_and_plot_hold_every_arm():
    names = ("flip", "flip_over_floor", "flip_ratio", "ssim", "ssim_over_floor", "ssim_ratio")
    spreads = {name: spread(0.5) for name in (*names, "replay", "free_run")}
    facts = {"bits": "W4A8", "seeds": 3, "seconds": 60, "peak_bytes": 1500000000, "frozen": None}
    rows = [
        ArmRow(arm=arm, samples_per_second=speed, **facts, **spreads)
        for arm, speed in (("RTN static", None), ("full recipe", 30.0))
    ]
    table = ablation_table(rows)
    assert len(table.splitlines()) == 4
    assert "| full recipe | 0.5000 | 0.5000 (0.4900 to 0.5100) | **0.50** |" in table
    assert "ST-LPIPS" not in table  # arms of an older version
    more = {name: spread(0.25) for name in ("st_lpips", "st_lpips_over_floor", "st_lpips_ratio")}
    table = ablation_table([replace(row, **more) for row in rows])
    assert "| ST-LPIPS above floor | of RTN static |" in table
    assert "| 0.2500 (0.2400 to 0.2600) | **0.25** |" in table
    drawing = standalone(ablation_plot(rows))
    assert drawing.startswith("<svg ")
    assert drawing.rstrip().endswith("</svg>")
    assert "full recipe" in drawing


def test_the_stage_bar_adds_up_attempts_and_says_where_a_live_run_is(bundled):
    run = bundled["round_nearest"]
    assert stage_bar(run, {}, StageNames.shipped()) == ""  # a run of before
    times = [("record", 4.0), ("calibrate", 6.0), ("record", 1.0)]
    past = history([Scalar(name=SECONDS, layer=stage, value=value) for stage, value in times])
    assert past.stages == {"record": 5.0, "calibrate": 6.0}
    bar = stage_bar(run, past.stages, StageNames.shipped())
    assert "flex:0.4545" in bar and "recording FP trajectories 5 s" in bar
    assert "now " not in bar
    live = stage_bar(replace(run, state="running", stage="pack"), past.stages, StageNames.shipped())
    assert "now rounding and packing weights" in live
