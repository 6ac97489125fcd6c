"""The rows of a leaderboard, as HTML for the page and as Markdown."""

from sdqviz.results.leaderboard import BoardRow, BoardScore, LeaderboardResult, Paired
from sdqviz.results.metric import HIGHER
from sdqviz.views.markup import html, joined, plain_words
from sdqviz.views.tables.scrolling import scrolling_table

SHOWN = ("flip", "ssim", "st_lpips")  # the first three that see different things; others in --json
COSTS = ("training s", "samples", "run s", "peak GB", "MB")
_EQUAL = {
    "": "each method at its own preset",
    "time": "each method with the training time of {reference}",
    "samples": "each method with the training samples of {reference}",
}


def shown_metrics(board: LeaderboardResult) -> list[str]:
    return [name for name in SHOWN if name in board.metrics] or list(board.metrics)[:3]


def conditions(board: LeaderboardResult) -> str:
    """One line: what all rows share."""
    equal = _EQUAL.get(board.equal, board.equal).format(reference=_label(board, board.reference))
    seeds = f"{board.seeds} seed{'s' * (board.seeds != 1)}"
    return (
        f"{board.model}, preset {board.preset}, {equal}, {seeds}, {board.scored_scenes} held-out "
        "scenes; one plan for all: the same ends, time table and samplers."
    )


def board_table(board: LeaderboardResult, bits: str, metric: str) -> str:
    """HTML of one bit width: one metric with its share and its comparison, the others' medians. A
    share is the error above the noise floor, of round to nearest's.
    """
    others = [name for name in shown_metrics(board) if name != metric]
    titles = ["method", *_heads(board, metric), *(_head(board, name) for name in others), *COSTS]
    rows = joined(_row(board, row, metric, others) for row in board.rows if row.bits == bits)
    head = joined(html('<th scope="col">{title}</th>', title=title) for title in titles)
    return scrolling_table(
        html("<thead><tr>{head}</tr></thead><tbody>{body}</tbody>", head=head, body=rows),
        f"methods at {bits}",
    )


def _head(board: LeaderboardResult, name: str) -> str:
    metric = board.metrics[name]
    return f"{metric.label} {'↑' if metric.direction == HIGHER else '↓'}"


def _heads(board: LeaderboardResult, name: str) -> tuple[str, str, str]:
    reference = _label(board, board.reference)
    return _head(board, name), "of rounding's error", f"against {reference}"


def _row(board: LeaderboardResult, row: BoardRow, metric: str, others: list[str]) -> str:
    cells = [_median(row.scores[metric])]
    direction = board.metrics[metric].direction
    told = verdict(row.scores[metric].paired, direction, row.method == board.reference)
    cells += [html("<td>{text}</td>", text=text) for text in (_share(row.scores[metric]), told)]
    cells += [_median(row.scores[name]) for name in others]
    cells += [html("<td>{cost}</td>", cost=cost) for cost in _costs(row)]
    return html(
        '<tr><th scope="row" title="{summary}">{label}</th>{cells}</tr>',
        summary=board.methods[row.method].summary,
        label=_label(board, row.method),
        cells=joined(cells),
    )


def _median(score: BoardScore) -> str:
    return html(
        '<td title="95 % interval {ends}"><b>{median:.4f}</b></td>',
        ends=_ends(score.interval),
        median=score.median,
    )


def _costs(row: BoardRow) -> tuple[str, ...]:
    return (
        "" if row.training_seconds is None else f"{row.training_seconds:.0f}",
        "" if row.samples is None else f"{row.samples:.0f}",
        f"{row.seconds:.0f}",
        f"{row.peak_bytes / 1e9:.2f}",
        f"{row.bytes / 1e6:.1f}",
    )


def verdict(paired: Paired | None, direction: str, is_reference: bool) -> str:
    """Better, worse or within noise, in words: within, where the paired interval holds 0."""
    if paired is None:
        return "the reference" if is_reference else ""
    on = f"{paired.better} of {paired.scenes}"
    if paired.change == 0:
        return f"equal ({on})"
    word = "better" if (paired.change > 0) == (direction == HIGHER) else "worse"
    unsure = paired.interval is None or paired.interval[0] <= 0 <= paired.interval[1]
    return f"{word}{', within noise' if unsure else ''} ({on})"


def board_markdown(board: LeaderboardResult) -> str:
    """All bit widths in one table."""
    names = shown_metrics(board)
    columns = ["bits", "method", *(head for name in names for head in _heads(board, name))]
    columns += COSTS
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    for row in board.rows:
        cells = [row.bits, plain_words(_label(board, row.method))]
        for name in names:
            score = row.scores[name]
            direction = board.metrics[name].direction
            cells += [
                f"**{score.median:.4f}** ({_ends(score.interval)})",
                _share(score),
                verdict(score.paired, direction, row.method == board.reference),
            ]
        lines.append(f"| {' | '.join([*cells, *_costs(row)])} |")
    return "\n".join(lines) + "\n"


def _label(board: LeaderboardResult, method: str) -> str:
    return board.methods[method].label if method in board.methods else method


def _share(score: BoardScore) -> str:
    return "" if score.share is None else f"{score.share:.2f}"


def _ends(interval: tuple[float, float] | None) -> str:
    return "of one scene: none" if interval is None else f"{interval[0]:.4f} to {interval[1]:.4f}"
