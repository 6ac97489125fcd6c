"""The Markdown of lessons as HTML: links into the app, and figures read from the bundled runs."""

import re
from collections.abc import Callable, Mapping

from markdown_it import MarkdownIt
from markdown_it.token import Token

from sdqviz.results.metric import MetricSummary
from sdqviz.views.lessons.places import FEATURED, SCHEME, AbsentError, Places
from sdqviz.views.markup import Markup, html, joined
from sdqviz.views.runs.card import megabytes

# A paragraph in whose place the page puts the rounding toy, with what it rounds first.
_TOY = re.compile(r"^\{toy: (picture|weights)\}$", re.MULTILINE)
_NAME = re.compile(r"\{([a-z]+\.[a-z-]+)\}")
_METRIC = "flip"


def words(markdown: str, places: Places) -> Markup:
    """The text as HTML. Its links lead to addresses of this app; one whose run is not here is
    replaced by the reason.
    """
    told = _NAME.sub(lambda match: _told(match[1], places), markdown)
    first, *rest = _TOY.split(told)
    toys = zip(rest[::2], rest[1::2], strict=True)
    parts = (
        html('<div class="sdqe-toy" data-source="{}"></div>{}', source, _rendered(text, places))
        for source, text in toys
    )
    return joined((_rendered(first, places), *parts))


def figures() -> Mapping[str, Callable[[Places], str]]:
    """Name in a text -> what is written there."""
    return {
        "size.packed": lambda places: megabytes(places.featured.quantized.size.bytes),
        "size.fp": lambda places: megabytes(places.featured.quantized.size.fp_bytes),
        "replay.worst": lambda places: _timestep(places, max),
        "replay.best": lambda places: _timestep(places, min),
        "flip.fidelity": lambda places: _median(places, "fidelity"),
        "flip.round-nearest": lambda places: _median(places, "round-nearest"),
        "flip.other-seed": lambda places: _score(_flip(places, FEATURED).ceiling),
    }


def _told(name: str, places: Places) -> str:
    try:
        return figures()[name](places)
    except AbsentError as error:
        return f"({error.message})"


def _rendered(markdown: str, places: Places) -> Markup:
    reader = MarkdownIt("commonmark", {"html": False})
    tokens = reader.parse(markdown)
    for block in tokens:
        if block.type == "inline":
            block.children = _linked(block.children or [], places)
    return Markup(reader.renderer.render(tokens, reader.options, {}))  # it escaped the text


def _linked(tokens: list[Token], places: Places) -> list[Token]:
    """The tokens with every link into the app resolved."""
    kept: list[Token] = []
    why = ""  # of the link that is open
    for token in tokens:
        address = str(token.attrGet("href") or "")
        if token.type == "link_open" and address.startswith(f"{SCHEME}://"):
            try:
                token.attrs = {"href": places.address(address), "class": "sdqe-open"}
            except AbsentError as error:
                why = f" ({error.message}: {error.hint})"
                continue
        if token.type == "link_close" and why:
            kept.append(Token("text", "", 0, content=why))
            why = ""
            continue
        kept.append(token)
    return kept


def _flip(places: Places, role: str) -> MetricSummary:
    run = places.run(role)
    metrics = run.quantized.metrics
    if _METRIC not in metrics:
        raise AbsentError(f"run {run.id} has no FLIP", "choose another run")
    return metrics[_METRIC]


def _median(places: Places, role: str) -> str:
    return _score(_flip(places, role).median)


def _score(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.3f}"


def _timestep(places: Places, choose: Callable[..., int]) -> str:
    """Where the median replay error over the featured run's scenes is largest or smallest."""
    result = places.featured.quantized
    errors = result.per_step.replay
    return f"{result.timesteps[choose(range(len(errors)), key=errors.__getitem__)]:g}"
