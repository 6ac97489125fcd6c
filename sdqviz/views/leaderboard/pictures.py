"""One scene under all methods, side by side, and what each method is."""

from collections.abc import Callable

from sdqviz.results.leaderboard import LeaderboardResult
from sdqviz.views.leaderboard.table import shown_metrics
from sdqviz.views.markup import html, joined

Address = Callable[[str], str]


def board_pictures(board: LeaderboardResult, bits: str, scene: str, address: Address) -> str:
    """HTML: the FP picture first, then the methods, the best first."""
    place = next((i for i, one in enumerate(board.scenes) if one.id == scene), 0)
    one = board.scenes[place]
    name = shown_metrics(board)[0]
    label = board.metrics[name].label
    figures = [_figure(address(one.picture), "Floating point", "", one.prompt)]
    figures += [
        _figure(
            address(row.pictures[place]),
            board.methods[row.method].label,
            f"median {label} {row.scores[name].median:.3f}",
            one.prompt,
        )
        for row in board.rows
        if row.bits == bits
    ]
    return html(
        '<div class="sdq-board">{figures}</div><p class="sdq-about">{prompt} · seed {seed}. The '
        "same noise for all; the seed of each training is the first.</p>",
        figures=joined(figures),
        prompt=one.prompt,
        seed=one.seed,
    )


def _figure(url: str, name: str, score: str, prompt: str) -> str:
    return html(
        '<figure><img src="{url}" alt="{prompt}, by {name}"><figcaption><b>{name}</b>'
        "<span>{score}</span></figcaption></figure>",
        url=url,
        name=name,
        score=score,
        prompt=prompt,
    )


def board_cards(board: LeaderboardResult) -> str:
    """HTML: a card a method, its idea and its paper."""
    return html(
        '<div class="sdq-cards">{cards}</div>',
        cards=joined(
            html(
                "<article><h3>{label}</h3><p>{summary}</p><code>--recipe {name}</code></article>",
                label=method.label,
                summary=method.summary,
                name=name,
            )
            for name, method in board.methods.items()
        ),
    )
