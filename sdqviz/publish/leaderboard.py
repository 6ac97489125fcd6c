"""A leaderboard as files: a page that opens without a server, its table, its numbers."""

import json
import shutil
from pathlib import Path

from sdqviz.results.leaderboard import LeaderboardResult
from sdqviz.store.store import Store
from sdqviz.views.folder import new_folder
from sdqviz.views.leaderboard.cost import cost_chart
from sdqviz.views.leaderboard.pictures import Address, board_cards, board_pictures
from sdqviz.views.leaderboard.table import board_markdown, board_table, conditions, shown_metrics
from sdqviz.views.markup import html, joined
from sdqviz.views.script import page_style, report_script
from sdqviz.views.whole_page import whole_page

_HEAD = html('<link rel="stylesheet" href="sdqviz.css">\n<script src="sdqviz.js"></script>')


def write_leaderboard(store: Store, board: LeaderboardResult, out: Path) -> Path:
    """index.html, sdqviz.css, sdqviz.js, pictures/, table.md and board.json; returns index.html."""
    with new_folder(out, "the leaderboard"):
        (out / "pictures").mkdir()

        def copied(blob: str) -> str:
            shutil.copyfile(store.blobs.file(blob), out / "pictures" / blob)
            return f"pictures/{blob}"

        widths = list(dict.fromkeys(row.bits for row in board.rows))
        title = f"Methods on {board.model}"
        body = html(
            "<h1>{title}</h1><p>{about}</p>{parts}<h2>The methods</h2>{cards}",
            title=title,
            about=conditions(board),
            parts=joined(_part(board, bits, copied) for bits in widths),
            cards=board_cards(board),
        )
        page = whole_page(title, _HEAD, body)
        (out / "index.html").write_text(page, encoding="utf-8")
        (out / "sdqviz.css").write_text(page_style(), encoding="utf-8")
        (out / "sdqviz.js").write_text(report_script(), encoding="utf-8")  # light or dark
        (out / "table.md").write_text(board_markdown(board), encoding="utf-8")
        text = json.dumps(board.as_row(), indent=1)
        (out / "board.json").write_text(text + "\n", encoding="utf-8")
    return out / "index.html"


def _part(board: LeaderboardResult, bits: str, copied: Address) -> str:
    name = shown_metrics(board)[0]
    pictures = (board_pictures(board, bits, scene.id, copied) for scene in board.scenes)
    return html(
        "<h2>{bits}</h2>{table}{cost}{pictures}",
        bits=bits,
        table=board_table(board, bits, name),
        cost=cost_chart(board, bits, name),
        pictures=joined(pictures),
    )
