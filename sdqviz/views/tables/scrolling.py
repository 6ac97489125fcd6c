"""An HTML table that scrolls in its own frame where it is wider than the page."""

from sdqviz.views.markup import html


def scrolling_table(content: str, label: str) -> str:
    """`content` is the table's inside; `label` names it to a screen reader."""
    return html(
        '<div class="sdq-scroll" tabindex="0" role="region" '
        'aria-label="{label}"><table class="sdq-table">{content}</table></div>',
        label=label,
        content=content,
    )
