"""An HTML table that scrolls in its own frame where it is wider than the page."""

from html import escape


def scrolling_table(content: str, label: str) -> str:
    """`content` is the table's inside; `label` names it to a screen reader."""
    return (
        f'<div class="sdq-scroll" tabindex="0" role="region" aria-label="{escape(label)}">'
        f'<table class="sdq-table">{content}</table></div>'
    )
