"""What a page asks first: one event for all of it, answered by what its address names."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import gradio as gr

from sdqviz.ui.reads import reads

Query = Mapping[str, str]  # what stands behind the address's question mark
_ADDRESS = "() => [location.search]"


class Opening:
    """Parts that each fill some components; where two fill one, the later that does has its way."""

    def __init__(self) -> None:
        self._parts: list[tuple[Callable[[Query], Sequence[Any]], list[Any]]] = []

    def add(self, part: Callable[[Query], Sequence[Any]], outputs: Sequence[Any]) -> None:
        """`part` gives a value or an update for each of `outputs`."""
        self._parts.append((part, list(outputs)))

    @property
    def outputs(self) -> list[Any]:
        return list(dict.fromkeys(output for _, outputs in self._parts for output in outputs))

    def answer(self, search: str | None) -> list[Any]:
        """The values of `outputs` on a page whose address has this query."""
        query = dict(parse_qsl((search or "").removeprefix("?"), keep_blank_values=True))
        given: dict[Any, Any] = {}
        for part, outputs in self._parts:
            for output, value in zip(outputs, part(query), strict=True):
                if output not in given or value != gr.skip():
                    given[output] = value
        return [given[output] for output in self.outputs]

    def attach(self, page: gr.Blocks, **how: Any) -> None:
        """Adds the event to the page."""
        asked = gr.Textbox(visible="hidden")

        @reads
        def opened(search: str | None) -> list[Any]:
            return self.answer(search)

        page.load(opened, asked, self.outputs, js=_ADDRESS, **how)
