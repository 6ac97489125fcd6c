import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdqviz.views.charts.front import Mark, front
from sdqviz.views.runs.pareto import SIZE, STEP, marks, pareto_plot
from tests.views.conftest import simulated


def svg_of(html: str) -> ET.Element:
    return ET.fromstring(html[html.index("<svg") : html.index("</svg>") + len("</svg>")])


def mark(x: float, y: float, name: str = "r") -> Mark:
    return Mark(name, name, name, x, y)


def test_the_front_follows_the_direction():
    found = [mark(1, 5), mark(2, 3), mark(3, 4), mark(4, 1)]
    assert [(m.x, m.y) for m in front(found, higher=False)] == [(1, 5), (2, 3), (4, 1)]
    assert [(m.x, m.y) for m in front(found, higher=True)] == [(1, 5)]
    assert len(front([mark(1, 1, "a"), mark(1, 1, "b")], higher=True)) == 2  # equals beat no one


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=20),
    st.booleans(),
)
def test_what_is_not_on_the_front_is_beaten_by_what_is(points, higher):
    found = [mark(x, y, str(i)) for i, (x, y) in enumerate(points)]
    best = front(found, higher)
    sign = 1 if higher else -1
    assert best
    for one in found:
        beaten = any(
            b.x <= one.x and sign * b.y >= sign * one.y and (b.x, b.y) != (one.x, one.y)
            for b in best
        )
        assert beaten != (one in best)
    scores = [sign * b.y for b in best]
    assert scores == sorted(scores)  # along the line a larger one is never worse


@pytest.mark.parametrize("axis", [SIZE, STEP])
@pytest.mark.parametrize("metric", ["flip", "ssim", "psnr"])
def test_the_plot_has_a_named_mark_a_run(bundled, axis, metric):
    shown = simulated(bundled["fidelity"])
    runs = [shown, bundled["round_nearest"]]
    svg = svg_of(pareto_plot(runs, shown, axis, metric))
    (diamond,) = svg.iter("polygon")
    (disc,) = svg.iter("circle")
    assert "fidelity balanced" in diamond.find("title").text
    assert "round_nearest balanced" in disc.find("title").text
    texts = [t.text for t in svg.iter("text")]
    assert {f"{r.spec['recipe']} balanced · {r.id[:4]}" for r in runs} <= set(texts)
    assert {"noise floor", "another seed"} <= set(texts)
    if axis == STEP:
        assert "simulated" in diamond.find("title").text
        assert "integer kernel" in disc.find("title").text
    corners = [tuple(map(float, p.split(","))) for p in diamond.get("points").split()]
    # The trained run is the better one by each score, and the larger and slower one.
    x, y = corners[0][0], corners[1][1]
    assert x > float(disc.get("cx"))
    assert (y < float(disc.get("cy"))) == (metric != "flip")
    (line,) = svg.iter("polyline")
    assert len(line.get("points").split()) == 4  # level, down or up, level to the edge


def test_the_same_place_and_a_missing_score(bundled):
    run = bundled["fidelity"]
    twins = [run, replace(run, id="f" * 12)]
    svg = svg_of(pareto_plot(twins, run, SIZE, "flip"))
    texts = [t.text for t in svg.iter("text")]
    assert len([t for t in texts if "·" in t]) == 2  # both labels found room
    assert "not measured in this run" in pareto_plot(twins, run, SIZE, "lpips")
    assert marks(twins, SIZE, "lpips") == []


def test_many_runs_in_one_place_do_not_write_over_each_other(bundled):
    run = bundled["fidelity"]
    crowd = [replace(run, id=f"{i:012x}") for i in range(40)]
    svg = svg_of(pareto_plot(crowd, crowd[0], SIZE, "flip"))
    places = [(t.get("x"), t.get("y"), t.get("text-anchor")) for t in svg.iter("text")]
    named = [t.text for t in svg.iter("text") if "·" in t.text]
    assert len(set(places)) == len(places)
    assert named and len(named) < len(crowd)
    assert len(list(svg.iter("circle"))) == 39  # each is there to be hovered
