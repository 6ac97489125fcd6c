"""A refusal by a limit as one line of the page, which stays: a toast would pass."""

from sdqviz.store.limit_error import LimitError
from sdqviz.views.markup import html


def limit_line(error: LimitError) -> str:
    words = f"{error.message[:1].upper()}{error.message[1:]}. Next: {error.hint}."
    return html('<p class="sdq-limit" role="status">{}</p>', words)
