from sdqviz.base.stage_names import StageNames
from sdqviz.views.runs.card import duration, run_card


def test_the_card_escapes_and_tells_the_next_step(store):
    run_id = store.runs.add("quantize", {"model": "<b>evil</b>", "config": {}})
    store.runs.claim()
    store.runs.set_progress(run_id, "pack", 0.5, 30)
    html = run_card(store.runs.get(run_id), 2, ["a <line>"], StageNames.shipped())
    assert "&lt;b&gt;evil" in html
    assert "50 %" in html
    assert "about 30 s left" in html
    assert "2 more waiting" in html
    store.runs.finish(run_id, "failed", error={"error": "it broke", "hint": "mend it"})
    html = run_card(store.runs.get(run_id), 0, [], StageNames.shipped())
    assert "it broke" in html
    assert "mend it" in html


def test_durations():
    assert [duration(s) for s in (5, 100, 7200)] == ["5 s", "2 min", "2.0 h"]
