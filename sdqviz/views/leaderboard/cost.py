"""Fidelity against what it costs, one mark a method, and the front."""

from sdqviz.results.leaderboard import LeaderboardResult
from sdqviz.results.metric import HIGHER
from sdqviz.views.charts.front import Mark, front, front_chart
from sdqviz.views.charts.svg import BLUE, ORANGE
from sdqviz.views.markup import html


def cost_chart(board: LeaderboardResult, bits: str, metric: str) -> str:
    """SVG of seconds of a whole run against a metric's median, at one bit width."""
    rows = [row for row in board.rows if row.bits == bits]
    about = board.metrics[metric]
    marks = [
        Mark(
            row.method,
            board.methods[row.method].label,
            f"{board.methods[row.method].label}: {row.seconds:.0f} s, {about.label} "
            f"{row.scores[metric].median:.4f}",
            row.seconds,
            row.scores[metric].median,
        )
        for row in rows
    ]
    higher = about.direction == HIGHER
    first = rows[0].scores[metric]
    word = "higher ↑" if higher else "lower ↓"
    best = "; ".join(mark.title for mark in front(marks, higher))
    return front_chart(
        marks,
        {"noise floor": first.floor, "another seed": first.ceiling},
        "seconds of a run (← cheaper is better)",
        f"{about.label} ({word} is better)",
        higher,
        board.reference,
        html(
            '<span><b style="color:{orange}">◆</b>{reference}</span><span><b '
            'style="color:{blue}">●</b>on the front: no method is cheaper and better</span>'
            '<span><b style="color:{blue}">○</b>behind it</span>',
            orange=ORANGE,
            blue=BLUE,
            reference=board.methods[board.reference].label
            if board.reference in board.methods
            else "reference (not among them)",
        ),
        f"{len(marks)} methods at {bits}, {about.label} against seconds; on the front: {best}",
    )
