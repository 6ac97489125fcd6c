"""Methods: what every method of the field makes of the same model, plan and scenes."""

from typing import Any

import gradio as gr

from sdqviz.base.request import LEADERBOARD
from sdqviz.results.leaderboard import LeaderboardResult
from sdqviz.store.runs import DONE
from sdqviz.ui.context import AppContext
from sdqviz.ui.contract import QUIET, Shared
from sdqviz.ui.reads import reads
from sdqviz.views.leaderboard.cost import cost_chart
from sdqviz.views.leaderboard.pictures import board_cards, board_pictures
from sdqviz.views.leaderboard.table import board_table, conditions, shown_metrics
from sdqviz.views.markup import html

_NONE = (
    "No leaderboard of this model yet. On the command line `sdqviz leaderboard MODEL` quantizes it "
    "by every method on the same plan and scores the same scenes."
)


class LeaderboardTab:
    name, label, order = "methods", "Methods", 6

    def offered(self, context: AppContext) -> bool:
        """Whether there is any leaderboard: a tab that can show nothing is left out."""
        return any(run.state == DONE for run in context.store.runs.list(LEADERBOARD))

    def build(self, context: AppContext, shared: Shared) -> None:
        with gr.Row():
            bits = gr.Radio(label="Bits", choices=[], elem_id="board-bits")
            metric = gr.Radio(label="Score", choices=[], elem_id="board-metric")
            scene = gr.Dropdown(label="Scene", choices=[], elem_id="board-scene")
        table = gr.HTML(_NONE, elem_id="board-table")
        pictures = gr.HTML(elem_id="board-pictures")
        cost = gr.HTML(elem_id="board-cost")
        cards = gr.HTML(elem_id="board-cards")

        def shown(run_id: str | None) -> LeaderboardResult | None:
            """The newest of the shown run's model."""
            run = context.finished_run(run_id)
            for one in context.store.runs.list(LEADERBOARD):
                right = run is None or one.spec["model"] == run.spec["model"]
                if one.state == DONE and right and isinstance(one.outcome, LeaderboardResult):
                    return one.outcome
            return None

        @reads
        def fill(run_id: str | None) -> list[Any]:
            board = shown(run_id)
            if board is None:
                nothing = gr.update(choices=[], value=None)
                return (
                    [nothing] * 3 + [html('<p class="sdq-empty">{none}</p>', none=_NONE)] + [""] * 3
                )
            widths = list(dict.fromkeys(row.bits for row in board.rows))
            names = shown_metrics(board)
            scenes = [(f"{one.prompt} · seed {one.seed}", one.id) for one in board.scenes]
            return [
                gr.update(choices=widths, value=widths[0]),
                gr.update(
                    choices=[(board.metrics[name].label, name) for name in names], value=names[0]
                ),
                gr.update(choices=scenes, value=scenes[0][1]),
                *_drawn(board, widths[0], names[0], scenes[0][1]),
            ]

        def _drawn(board: LeaderboardResult, width: str, name: str, one: str) -> list[str]:
            about = html('<p class="sdq-about">{text}</p>', text=conditions(board))
            return [
                about + board_table(board, width, name),
                board_pictures(board, width, one, context.address),
                cost_chart(board, width, name),
                board_cards(board),
            ]

        @reads
        def draw(
            run_id: str | None, width: str | None, name: str | None, one: str | None
        ) -> list[Any]:
            board = shown(run_id)
            widths = {row.bits for row in board.rows} if board else set()
            if board is None or width not in widths or name not in board.metrics:
                return [gr.skip()] * 4  # a choice of just before
            return list(_drawn(board, width, name, one or ""))

        outputs = [table, pictures, cost, cards]
        shared.run.change(fill, shared.run, [bits, metric, scene, *outputs], **QUIET)
        chosen = [bits.input, metric.input, scene.input]
        gr.on(chosen, draw, [shared.run, bits, metric, scene], outputs, **QUIET)


TAB = LeaderboardTab()
