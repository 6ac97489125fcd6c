"""HTML and SVG of views: the one place where text becomes markup, escaped.

A template is a literal of the program; what is put into it is escaped unless it is markup itself.
"""

import re
from collections.abc import Iterable
from typing import Any, LiteralString

from markupsafe import Markup, escape

_MARKDOWN = re.compile(r"[\\`*<>\[\]|#!&]")


def html(template: LiteralString, *values: Any, **named: Any) -> Markup:
    """The template with its {} and {name} filled, as by `str.format`."""
    return Markup(template).format(*values, **named)


def joined(parts: Iterable[str], between: LiteralString = "") -> Markup:
    """The parts one after the other; those that are plain text are escaped."""
    return Markup(between).join(parts)


def escaped(text: Any) -> Markup:
    """Text as markup."""
    return escape(text)


def plain_words(text: Any) -> str:
    """Text as it is, inside Markdown."""
    return _MARKDOWN.sub(r"\\\g<0>", str(text))
