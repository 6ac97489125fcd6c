import base64
import re
from dataclasses import replace

from sdqviz.base.blind import (
    ABX,
    FIRST,
    MISSING,
    SECOND,
    UNSURE,
    WHICH,
    Session,
    Tally,
    Trial,
)
from sdqviz.results.pictures import Pictures
from sdqviz.results.scene import SceneRow
from sdqviz.views.blind.class_result import BINS, class_result, expected_counts, share_bin
from sdqviz.views.blind.reveal import result_word, reveal, which_was_which
from sdqviz.views.blind.trial import button_label, trial_stage
from tests.results.made import scene_row
from tests.views.svg import svg_of

FP_BYTES, STUDENT_BYTES = b"\x89PNG one", b"\x89PNG two"
BYTES = {"fp": FP_BYTES, "student": STUDENT_BYTES}


def session(kind: str, *shown: tuple[str, ...], answers: tuple = ()) -> Session:
    given = [*answers, *[None] * len(shown)]
    trials = tuple(
        Trial(number=i, scene="ab"[i % 2], shown=order, answer=given[i])
        for i, order in enumerate(shown)
    )
    return Session(id="0" * 32, run="run", kind=kind, trials=trials)


def row(prompt: str, flip: float | None, more: tuple[str, ...] = ()) -> SceneRow:
    files = {w: f"{prompt}-{w}.png" for w in ("fp", "student", "other_seed", "flip", *more)}
    return scene_row(prompt=prompt, metrics={"flip": flip}, pictures=Pictures.from_row(files))


def test_the_stage_holds_the_very_files_and_nothing_that_names_them():
    pages = []
    for order in (("fp", "student", "fp"), ("student", "fp", "fp")):
        test = session(ABX, order)
        html = trial_stage(test, test.trials[0], [BYTES[who] for who in order])
        sources = re.findall(r'src="data:image/png;base64,([^"]+)"', html)
        assert [base64.b64decode(s) for s in sources] == [BYTES[who] for who in order]
        assert re.findall(r'alt="([^"]+)"', html) == ["picture A", "picture B", "picture X"]
        pages.append(re.sub(r'src="[^"]+"', "", html))
    assert pages[0] == pages[1]  # but for the pixels, no order looks different
    assert not re.search(r"fp|student|ab\b", pages[0])
    assert "Trial 1 of 1" in pages[0]


def test_the_answers_name_their_keys():
    assert [button_label(WHICH, a) for a in (FIRST, SECOND, UNSURE)] == [
        *("Left [1 or A]", "Right [2 or B]", "Not sure [3 or N]"),
    ]
    assert button_label(ABX, SECOND) == "X is B [2 or B]"


def test_the_reveal_tells_every_trial_in_words():
    orders = [("fp", "student"), ("student", "fp"), ("fp", "student"), ("fp", "student")]
    test = session(WHICH, *orders, answers=(SECOND, SECOND, UNSURE, MISSING))
    assert [result_word(t) for t in test.trials] == [
        *("✓ right", "✗ wrong", "○ not sure", "○ skipped"),
    ]
    assert which_was_which(WHICH, test.trials[1]) == "left quantized, right FP"
    abx = session(ABX, ("student", "fp", "student"))
    assert which_was_which(ABX, abx.trials[0]) == "A quantized, B FP, X quantized"
    scenes = {"a": row("<i>a", 0.1), "b": row("b", None)}
    html = reveal(test, scenes, lambda blob: f"file/{blob}")
    assert html.count("<tr>") == 5
    assert "&lt;i&gt;a" in html
    assert "<i>a" not in html
    assert "1 of 2 right: 2 sure answers are too few" in html
    assert "1 of 3 not sure (33 %)" in html


def test_the_reveal_shows_first_what_was_told_apart():
    orders = [("fp", "student")] * 2
    scenes = {"a": row("apple", 0.9), "b": row("banana", 0.1)}
    html = reveal(session(WHICH, *orders, answers=(FIRST, SECOND)), scenes, str)
    assert html.index("banana: right 1 of 1, FLIP 0.100") < html.index("apple: right 0 of 1")
    assert 'src="banana-flip.png"' in html
    assert "ST-LPIPS" not in html  # an older run: no row, no picture
    learned = row("banana", 0.1, ("st_lpips",))
    learned = replace(learned, metrics={**learned.metrics, "st_lpips": 0.2})
    html = reveal(session(WHICH, *orders, answers=(FIRST, SECOND)), {**scenes, "b": learned}, str)
    assert "FLIP 0.100, ST-LPIPS (alex) 0.200 (lower is better)" in html
    assert 'src="banana-st_lpips.png" alt="ST-LPIPS map: banana"' in html
    unknown = {"a": row("apple", None), "b": row("banana", None)}
    html = reveal(session(WHICH, *orders, answers=(FIRST, FIRST)), unknown, str)
    assert "FLIP 0" not in html  # a score that was not measured is not shown
    html = reveal(session(WHICH, *orders, answers=(MISSING, MISSING)), scenes, str)
    assert "Told apart" not in html


def test_bins_are_the_same_from_both_ends():
    for sure in range(1, 25):
        bins = [share_bin(right, sure) for right in range(sure + 1)]
        assert bins == sorted(bins)
        assert bins == [BINS - 1 - b for b in reversed(bins)]
        assert (bins[0], bins[-1]) == (0, BINS - 1)
        shares = [right / sure for right in range(sure + 1)]
        assert all(abs(s - b / 10) <= 0.05 + 1e-9 for s, b in zip(shares, bins, strict=True))


def test_guessing_is_spread_as_its_binomial_says():
    two = Tally(right=1, sure=2, unsure=0)
    assert expected_counts([two]) == [0.25, *[0.0] * 4, 0.5, *[0.0] * 4, 0.25]
    many = [Tally(right=3, sure=n, unsure=0) for n in (8, 12, 24)]
    counts = expected_counts(many)
    assert abs(sum(counts) - 3) < 1e-12
    assert max(counts) == counts[5]


def test_the_class_result_pools_and_draws_every_test():
    tests = [Tally(right=8, sure=8, unsure=0), Tally(right=4, sure=8, unsure=4)]
    html = class_result(tests)
    assert "2 finished tests, pooled: 12 of 16 right" in html
    assert "4 of 20 not sure (20 %)" in html
    svg = svg_of(html)
    blue = [r for r in svg.iter("rect") if r.get("fill") == "#0072B2"]
    tall = [i for i, r in enumerate(blue) if float(r.get("height")) > 0]
    assert tall == [5, 10]
    assert "1 at about 50 %, 1 at about 100 %" in svg.get("aria-label")
    assert "No finished test" in class_result([])
    assert "Nobody was sure" in class_result([Tally(right=0, sure=0, unsure=8)])
