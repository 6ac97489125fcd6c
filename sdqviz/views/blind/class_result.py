"""All finished blind tests of one run as one: the pooled score and the sessions' shares."""

import math
from collections.abc import Sequence

from sdqviz.base.blind import Tally, pooled
from sdqviz.views.blind.binomial import unsure_share, verdict
from sdqviz.views.charts.svg import BLUE, GREY, figure, grid_row, label
from sdqviz.views.markup import html, joined

BINS = 11  # centred on 0 %, 10 %, ..., 100 %
_WIDTH, _HEIGHT = 480, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 10, 14, 40
_NONE = html('<p class="sdq-empty">No finished test of this kind with this run yet.</p>')


def class_result(tests: Sequence[Tally], under_way: int = 0) -> str:
    """Pooled k of n with what chance does, and a histogram of the sessions behind it; before
    them how many tests are being taken.
    """
    going = "1 test" if under_way == 1 else f"{under_way} tests"
    head = html('<p class="sdq-about">{} under way.</p>', going) if under_way else html("")
    return head + (_pooled(tests) if tests else _NONE)


def _pooled(tests: Sequence[Tally]) -> str:
    total = pooled(tests)
    sessions = "1 finished test" if len(tests) == 1 else f"{len(tests)} finished tests"
    return html(
        '<div class="sdq-card"><p class="sdq-score">{sessions}, pooled: '
        "{verdict}</p><p>{unsure_share}.</p></div>{share_histogram}",
        sessions=sessions,
        verdict=verdict(total),
        unsure_share=unsure_share(total),
        share_histogram=share_histogram(tests),
    )


def share_bin(right: int, sure: int) -> int:
    """The bin of a share, 0 to 10; ties go towards the middle, so that both ends are alike."""
    lower = min(right, sure - right)
    index = (20 * lower + sure) // (2 * sure)
    return index if lower == right else BINS - 1 - index


def expected_counts(tests: Sequence[Tally]) -> list[float]:
    """How many of these tests would fall into each bin if everyone guessed: each test's own
    binomial distribution, C(n, k) / 2^n, summed.
    """
    counts = [0.0] * BINS
    for test in tests:
        for right in range(test.sure + 1 if test.sure else 0):
            counts[share_bin(right, test.sure)] += math.comb(test.sure, right) / 2**test.sure
    return counts


def share_histogram(tests: Sequence[Tally]) -> str:
    """Tests by their share of right answers, before what guessing alone would give."""
    counted = [t for t in tests if t.sure]
    if not counted:
        return html('<p class="sdq-empty">Nobody was sure of anything: no share to draw.</p>')
    seen = [0] * BINS
    for test in counted:
        seen[share_bin(test.right, test.sure)] += 1
    guessed = expected_counts(counted)
    top = math.ceil(max(*seen, *guessed))
    base, slot = _HEIGHT - _BOTTOM, (_WIDTH - _LEFT - _RIGHT) / BINS

    def y(count: float) -> float:
        return _TOP + (base - _TOP) * (1 - count / top)

    every = max(1, math.ceil(top / 5))
    parts = [grid_row(_LEFT, _WIDTH - _RIGHT, y(n), f"{n}") for n in range(0, top + 1, every)]
    for index in range(BINS):
        left, name = _LEFT + slot * index, f"{10 * index} %"
        for count, inset, style, what in (
            (
                guessed[index],
                2,
                html('fill="{grey}" fill-opacity="0.45"', grey=GREY),
                "expected from guessing",
            ),
            (seen[index], 9, html('fill="{blue}"', blue=BLUE), "tests"),
        ):
            parts.append(
                html(
                    '<rect x="{left:.1f}" y="{y:.1f}" width="{width:.1f}" '
                    'height="{height:.1f}" {style}><title>about {name} right: {count:.3g} '
                    "{what}</title></rect>",
                    left=left + inset,
                    y=y(count),
                    width=slot - 2 * inset,
                    height=base - y(count),
                    style=style,
                    name=name,
                    count=count,
                    what=what,
                )
            )
        if index % 2 == 0:
            parts.append(label(left + slot / 2, base + 16, name, "middle"))
    parts.append(
        label((_LEFT + _WIDTH) / 2, _HEIGHT - 6, "right of the sure answers of a test", "middle")
    )
    legend = html(
        '<span><i style="border-top:10px solid {blue}"></i>tests</span><span><i '
        'style="border-top:10px solid {grey};opacity:.45"></i>expected if everyone '
        "guessed</span>",
        blue=BLUE,
        grey=GREY,
    )
    shares = ", ".join(f"{n} at about {10 * i} %" for i, n in enumerate(seen) if n)
    summary = f"Tests by their share of right answers: {shares}; guessing centres on 50 %"
    return figure(joined(parts), _WIDTH, _HEIGHT, "number of tests", legend, summary)
